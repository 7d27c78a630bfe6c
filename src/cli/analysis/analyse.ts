import { UsageError, type CommandLine } from '../../config/arguments.js';
import type { Config } from '../../config.js';
import { connectDatabase } from '../../db/database.js';
import { ApiError } from '../../errors.js';
import { failureText } from '../../failure-text.js';
import { negotiate, NEWEST_VERSION, type Version } from '../../http/microversions.js';
import { parseQuery, type Query } from '../../http/query.js';
import { inOneSnapshot, readEverything } from '../../topology/journal.js';
import type { View } from '../../topology/model.js';
import { askService } from '../ask-service.js';
import { complain } from '../command.js';
import { withDatabase } from '../database.js';

/** An analysis of the cloud. A route of the service can do it, or this process. */
export interface Analysis<Document> {
  /** The path of the route: `/stockroom/capacity`. */
  readonly path: string;
  /** Parameters that are also flags, under the same name. */
  readonly flags: readonly string[];
  /** Computes the response from a view. */
  readonly evaluate: (view: View, query: Query, version: Version) => Document;
}

/** The exit codes in addition to 0, and to 1, which means that nothing fits. */
const EXIT = {
  /** Wrong usage, or a query that the parser rejects. */
  rejected: 2,
  /** The database or the service is not available. */
  notAsked: 3,
} as const;

/**
 * Sends the query to a service (`--url`). Without a URL it reads the database of the configuration in one read-only
 * snapshot, and needs no token.
 *
 * @param text the query string, or the whole path in the form of the log of requests
 * @returns the exit code
 */
export async function runAnalysis<Document>(
  config: Config,
  { values }: CommandLine,
  text: string,
  asked: Analysis<Document>,
  show: (document: Document) => number,
): Promise<number> {
  try {
    const search = searchOf(text, values, asked.flags);
    const url = values.get('url');
    const version = values.get('version') ?? null;
    const document =
      url === undefined
        ? await ofDatabase(config, asked, parseQuery(search), versionOf(version))
        : ((await askService(url, config.token, { target: `${asked.path}?${search}`, version })) as Document);
    return show(document);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    if (error instanceof ApiError && error.status < 500) {
      complain(error.message);
      return EXIT.rejected;
    }
    complain(error instanceof ApiError ? error.message : failureText(error, config));
    return EXIT.notAsked;
  }
}

/** The query string with the parameters of the flags. */
function searchOf(text: string, values: CommandLine['values'], flags: readonly string[]): string {
  const search = new URLSearchParams(text.slice(text.indexOf('?') + 1));
  for (const flag of flags) {
    const value = values.get(flag);
    if (value === undefined) continue;
    search.delete(flag);
    for (const one of value.split(',')) search.append(flag, one);
  }
  return search.toString();
}

/** @throws ApiError for a version that does not exist */
function versionOf(text: string | null): Version {
  return text === null ? NEWEST_VERSION : negotiate(`placement ${text}`);
}

function ofDatabase<Document>(
  config: Config,
  { evaluate }: Analysis<Document>,
  query: Query,
  version: Version,
): Promise<Document> {
  return withDatabase(config, async (connection) => {
    const client = await connectDatabase(config, connection);
    try {
      const { topology } = await inOneSnapshot(client, () => readEverything(client));
      return evaluate(topology, query, version);
    } finally {
      await client.end();
    }
  });
}
