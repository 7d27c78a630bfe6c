import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * Requests with their responses, in the order of the names of their files: one conversation with a new service at the newest
 * microversion. A test holds it again; the document shows from it.
 */
export interface Sample {
  /** Name of the file without `.json`. */
  readonly name: string;
  readonly about: string;
  /** `operationId` of what it calls. */
  readonly operation: string;
  readonly request: {
    readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
    /** With the query string. */
    readonly path: string;
    readonly body?: unknown;
  };
  readonly response: {
    readonly status: number;
    /** Path of the `location` header. */
    readonly location?: string;
    readonly body?: unknown;
  };
}

const FOLDER = path.resolve(import.meta.dirname, '../../api-ref/samples');

export function readSamples(): Sample[] {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.json'));
  return files.sort().map((file) => ({
    name: file.slice(0, -'.json'.length),
    ...(JSON.parse(readFileSync(path.join(FOLDER, file), 'utf8')) as Omit<Sample, 'name'>),
  }));
}
