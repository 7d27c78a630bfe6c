import type pg from 'pg';
import type { Author, AuthorOfConsumers } from './author.js';

/** The statements that say who makes the changes of a transaction. They go out with COMMIT; the changes are noted by triggers. */

const COLUMNS = 'request_id, global_request_id, user_id, project_id, route, version, command';

/** A request that changed nothing leaves nothing, and neither does a command where no history is kept. */
const NOTE_REQUEST = `
  insert into history_requests (n, ${COLUMNS})
  select 1, $1, $2, $3, $4, $5, $6, $7
  where exists (select from history_changes where xid = pg_current_xact_id_if_assigned() and at = now())`;

/** The changes of the whole transaction have one author. Null when no history is kept. */
export function noteRequest(author: Author): pg.QueryConfig;
export function noteRequest(author: Author | null): pg.QueryConfig | null;
export function noteRequest(author: Author | null): pg.QueryConfig | null {
  if (author === null) return null;
  return { name: 'note_request', text: NOTE_REQUEST, values: columnsOf(author) };
}

/**
 * Claims always write. The consumers of each request come as the text of an array, since arrays of arrays are rectangular.
 * (Looking for changes first would lock every partition for every claim.)
 */
const NOTE_REQUESTS = `
  insert into history_requests (n, ${COLUMNS}, consumers)
  select n, ${COLUMNS}, consumers::text[]
  from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
    with ordinality as r (${COLUMNS}, consumers, n)`;

const NOTE_CLAIM = `insert into history_requests (n, ${COLUMNS}) values (1, $1, $2, $3, $4, $5, $6, $7)`;

/** Each request is the author of the changes of its consumers. Null when no history is kept. */
export function noteRequests(requests: readonly AuthorOfConsumers[]): pg.QueryConfig | null {
  const [first] = requests;
  if (first === undefined) return null;
  if (requests.length === 1) return { name: 'note_claim', text: NOTE_CLAIM, values: columnsOf(first.author) };
  const rows = requests.map(({ author, consumers }) => [...columnsOf(author), arrayLiteral(consumers)]);
  const values = [0, 1, 2, 3, 4, 5, 6, 7].map((column) => rows.map((row) => row[column]));
  return { name: 'note_requests', text: NOTE_REQUESTS, values };
}

function columnsOf(author: Author): (string | null)[] {
  if ('command' in author) return [null, null, null, null, null, null, author.command];
  const { requestId, globalRequestId, userId, projectId, route, version } = author;
  return [requestId, globalRequestId, userId, projectId, route, version, null];
}

/** Uuids of consumers may have any characters. */
function arrayLiteral(values: readonly string[]): string {
  return `{${values.map((value) => `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`).join(',')}}`;
}
