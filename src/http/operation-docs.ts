import type { MicroversionChange, Version } from './microversions.js';
import type { Route } from './route.js';
import type { Schema, Validator } from './validate.js';

/**
 * The text of the API reference about a route, in addition to its row in the route table. Each noun has it in its `docs.ts`, next to
 * the `render.ts` that it describes. Only `npm run docs` and the tests read it, so it costs requests nothing.
 */
export interface OperationDocs {
  /** A unique name, for generated clients. */
  readonly id: string;
  readonly summary: string;
  readonly about: string;
  /** The validator of the query string. `parameters` describes each parameter that it knows. */
  readonly query?: (version: Version) => Validator<unknown>;
  readonly parameters?: Readonly<Record<string, ParameterDocs>>;
  /** Returns the schema of the body at a version; null when the route takes no body at that version. */
  readonly body?: (version: Version) => Schema | null;
  /** The responses by status. */
  readonly responses: Readonly<Record<number, ResponseDocs>>;
  /** Changes of behaviour. No parameter, member or response shows them. */
  readonly changes?: readonly MicroversionChange[];
  /** What this operation rejects, by status. The generator adds the errors that all operations have. */
  readonly errors: Readonly<Record<number, string>>;
}

export interface ParameterDocs {
  readonly about: string;
  readonly example: string;
  /** The version from which all values of a repeated parameter count. Before, only the last value counts. */
  readonly repeatable?: Since;
  /** Whether the parameter belongs to a request group, so that the suffix of the group may follow its name. */
  readonly grouped?: boolean;
}

export interface ResponseDocs {
  readonly about: string;
  /** The schema of the body, in the notation of resources/shapes.ts. Without it the response has no body. */
  readonly body?: Schema;
  /** The media types of a body that is a file. A response has either this or `body`. */
  readonly files?: readonly string[];
  readonly location?: true;
  /** The response has the header `stockroom-incomplete` when the service stopped the work at a limit. */
  readonly bounded?: true;
  /** The response has `cache-control` and `last-modified` from 1.15 on. With 'maybe dated', `last-modified` is missing when nothing has a date. */
  readonly cached?: 'dated' | 'maybe dated';
  /** The versions that return this response. Unless given, all versions of the route do. */
  readonly since?: Since;
  readonly until?: Since;
}

/** `1.14` */
export type Since = `1.${number}`;

export type NounDocs = Readonly<Record<`${Route['method']} ${string}`, OperationDocs>>;
