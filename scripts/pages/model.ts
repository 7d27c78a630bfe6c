import type { Schema } from '../../src/http/validate.js';

/** As much of api-ref/openapi.json as the page shows. */
export interface ApiDocument {
  readonly info: {
    readonly title: string;
    readonly version: string;
    readonly summary: string;
    readonly description: string;
  };
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, PathItem>>;
  readonly components: {
    readonly responses: Readonly<Record<string, Answer>>;
    readonly headers: Readonly<Record<string, Header>>;
    readonly schemas: Readonly<Record<string, Schema>>;
  };
  readonly 'x-openstack-changes': Readonly<Record<string, string>>;
}

export type PathItem = Readonly<Partial<Record<Method, Operation>>> & { readonly parameters?: readonly Parameter[] };

export const METHODS = ['get', 'post', 'put', 'delete'] as const;
type Method = (typeof METHODS)[number];

export interface Noted {
  readonly 'x-openstack-min-version'?: string;
  readonly 'x-openstack-max-version'?: string;
}

export interface Operation extends Noted {
  readonly operationId: string;
  readonly tags: readonly [string];
  readonly summary: string;
  readonly description: string;
  readonly parameters: readonly Parameter[];
  readonly requestBody?: Noted & { readonly content: Content };
  readonly responses: Readonly<Record<string, Answer>>;
  readonly 'x-openstack-min-version': string;
  readonly 'x-openstack-below'?: number;
  readonly 'x-openstack-policy-rule'?: string;
  readonly 'x-openstack-policy-default'?: string;
  readonly 'x-openstack-changes': Readonly<Record<string, string>>;
  readonly 'x-openstack-samples': readonly Sample[];
}

export interface Parameter extends Noted {
  readonly $ref?: string;
  readonly name: string;
  readonly in: string;
  readonly description: string;
  readonly required?: boolean;
  readonly schema: Schema;
  readonly example: string | readonly string[];
  readonly 'x-openstack-repeatable-min-version'?: string;
  readonly 'x-openstack-suffix'?: Readonly<Record<string, string>>;
}

export type Content = Readonly<Record<string, { readonly schema: Schema }>>;

export interface Answer extends Noted {
  readonly $ref?: string;
  readonly description?: string;
  readonly headers?: Readonly<Record<string, { readonly $ref: string }>>;
  readonly content?: Content;
}

export interface Header extends Noted {
  readonly description: string;
}

export interface Sample {
  readonly about: string;
  readonly request: { readonly method: string; readonly path: string; readonly body?: unknown };
  readonly response: { readonly status: number; readonly location?: string; readonly body?: unknown };
}

/** The name at the end of a `$ref`. */
export function nameOf(reference: { readonly $ref: string }): string {
  return reference.$ref.split('/').at(-1) ?? '';
}
