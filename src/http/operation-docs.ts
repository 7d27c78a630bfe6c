import type { MicroversionChange, Version } from './microversions.js';
import type { Route } from './route.js';
import type { Schema, Validator } from './validate.js';

/**
 * What the API reference says of a route beyond its row in the route table: `docs.ts` of each noun has it, next to
 * the `render.ts` that it describes. Only `npm run docs` and the tests read it; no request pays for it.
 */
export interface OperationDocs {
  /** A name for generated clients, unique. */
  readonly id: string;
  readonly summary: string;
  readonly about: string;
  /** The validator of the query string, and what to say of each parameter it knows. */
  readonly query?: (version: Version) => Validator<unknown>;
  readonly parameters?: Readonly<Record<string, ParameterDocs>>;
  /** The schema of the body that each version takes; null where it takes none. */
  readonly body?: (version: Version) => Schema | null;
  /** By status. */
  readonly responses: Readonly<Record<number, ResponseDocs>>;
  /** Changes that no parameter, member or response tells of: they changed what it does with them. */
  readonly changes?: readonly MicroversionChange[];
  /** What this operation rejects, by status. The generator adds what every operation may reject. */
  readonly errors: Readonly<Record<number, string>>;
}

export interface ParameterDocs {
  readonly about: string;
  readonly example: string;
  /** Version from which all values of a repeated parameter count, and not the last one only. */
  readonly repeatable?: Since;
  /** Belongs to a request group, whose suffix may follow its name. */
  readonly grouped?: boolean;
}

export interface ResponseDocs {
  readonly about: string;
  /** In the notation of resources/shapes.ts. Without one the response has no body. */
  readonly body?: Schema;
  /** Types of a body that is a file; instead of `body`. */
  readonly files?: readonly string[];
  readonly location?: true;
  /** `stockroom-incomplete` when a bound ended the work for it. */
  readonly bounded?: true;
  /** `cache-control` and `last-modified` from 1.15 on. `last-modified` may be missing where nothing has a date. */
  readonly cached?: 'dated' | 'maybe dated';
  /** The versions that give this response, where not all of the route do. */
  readonly since?: Since;
  readonly until?: Since;
}

/** `1.14` */
export type Since = `1.${number}`;

export type NounDocs = Readonly<Record<`${Route['method']} ${string}`, OperationDocs>>;
