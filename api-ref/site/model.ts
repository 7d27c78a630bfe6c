import type { Schema } from '../../src/http/validate.js';
import type { Noted } from '../generator/versions.js';

/** api-ref/openapi.json, as much of it as the pages show and the tests hold responses against. */
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
    readonly responses: Readonly<Record<string, Response>>;
    readonly headers: Readonly<Record<string, Header>>;
    readonly schemas: Readonly<Record<string, Schema>>;
  };
  readonly 'x-openstack-changes': Readonly<Record<string, string>>;
  /** The response to OPTIONS where CORS is on. */
  readonly 'x-openstack-preflight': Response;
  /** What any path may return, by status. */
  readonly 'x-openstack-any-path': Readonly<Record<string, Response>>;
}

export type PathItem = Readonly<Partial<Record<Method, Operation>>> & {
  readonly parameters?: readonly Parameter[];
  readonly 'x-openstack-allow': readonly string[];
};

export const METHODS = ['get', 'post', 'put', 'delete'] as const;
type Method = (typeof METHODS)[number];

export interface Operation extends Noted {
  readonly operationId: string;
  readonly tags: readonly [string];
  readonly summary: string;
  readonly description: string;
  readonly parameters: readonly Parameter[];
  readonly requestBody?: Noted & { readonly content: Content };
  readonly responses: Readonly<Record<string, Response>>;
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

export type Content = Readonly<Record<string, { readonly schema: Schema; readonly example?: unknown }>>;

export interface Response extends Noted {
  readonly $ref?: string;
  readonly description?: string;
  /** A reference each, and what it stands for once it is resolved. */
  readonly headers: Readonly<Record<string, Header & { readonly $ref: string }>>;
  readonly content?: Content;
}

export interface Header extends Noted {
  readonly description: string;
  readonly required?: boolean;
  readonly schema: Schema;
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
