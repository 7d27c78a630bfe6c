import type pg from 'pg';
import type { AuthorSetting } from '../db/scheduler/write.js';
import type { Author, AuthorOfConsumers } from './author.js';

/**
 * Sets the author of the changes of a transaction. Triggers record the changes (docs/adr/0025).
 *
 * The author is in a setting of the transaction, and the triggers read it for each change. So a request that changes nothing leaves no
 * row, and neither does a request while no history is kept.
 */

/** One author for all changes of a transaction. Null when no history is kept. */
export function settingAuthor(author: Author): AuthorSetting;
export function settingAuthor(author: Author | null): AuthorSetting | null;
export function settingAuthor(author: Author | null): AuthorSetting | null {
  if (author === null) return null;
  const text = JSON.stringify(columnsOf(author));
  return {
    before: { name: 'note_request', text: `select set_config('stockroom.request', $1, true)`, values: [text] },
    within: (query) => withFirst(query, NOTE_WITHIN, [text]),
  };
}

/**
 * PostgreSQL executes a CTE that writes even if the query does not refer to it, and before the triggers of the query. This
 * CTE writes nothing, because the value of the setting is never null.
 */
const NOTE_WITHIN = (parameter: number): string =>
  `insert into history_epochs (id) select 0 where set_config('stockroom.request', $${parameter}, true) is null`;

/**
 * Adds the requests of claims that are written together to the statement that writes them. Each request is the author of the changes of
 * its consumers.
 */
export function withRequests(query: pg.QueryConfig, requests: readonly AuthorOfConsumers[]): pg.QueryConfig {
  const [first] = requests;
  if (first === undefined) return query;
  if (requests.length === 1) return settingAuthor(first.author).within(query);
  const rows = requests.map(({ author, consumers }) => [...columnsOf(author), consumers]);
  return withFirst(query, NOTE_REQUESTS, [JSON.stringify(rows)], 'together');
}

const NOTE_REQUESTS = (parameter: number): string =>
  `insert into history_requests (n, requests) values (1, $${parameter})`;

/**
 * Adds a CTE to a query. The CTE writes rows or sets the author.
 *
 * @param first returns the text of the CTE for the number of its first parameter
 * @param kind becomes part of the query's name
 */
function withFirst(
  query: pg.QueryConfig,
  first: (parameter: number) => string,
  values: readonly (string | null)[],
  kind = 'noted',
): pg.QueryConfig {
  const own: unknown[] = query.values ?? [];
  const [clause = '', comments = '', recursive = ''] = WITH_CLAUSE.exec(query.text) ?? [];
  const others = query.text.slice(clause.length);
  return {
    ...query,
    ...(query.name === undefined ? {} : { name: `${query.name}_${kind}` }),
    text: `${comments}with ${recursive}noted as (${first(own.length + 1)})${clause === '' ? '' : ','} ${others}`,
    values: [...own, ...values],
  };
}

/** `with`, the blanks and comments that may come before it, and `recursive`. */
const WITH_CLAUSE = /^((?:\s|--.*\n|\/\*[^]*?\*\/)*)with\s+(recursive\s+)?/i;

/** The columns in the order that history_request_of() expects. PostgreSQL accepts no lone surrogates and no NUL in JSON. */
function columnsOf(author: Author): (string | null)[] {
  if ('command' in author) return [null, null, null, null, null, null, author.command];
  const { requestId, globalRequestId, userId, projectId, route, version } = author;
  const columns = [requestId, globalRequestId, userId, projectId, route, version, null];
  return columns.map((column) => column?.toWellFormed().replaceAll('\0', '') ?? null);
}
