import { badQueryValue } from '../../errors.js';
import { parseCursor, type Cursor } from '../../history/cursor.js';
import { CHANGE_KINDS, type Filter, type ChangeKind } from '../../history/model.js';
import type { StreamStart } from '../../history/reader.js';
import { lastValues, type Query } from '../../http/query.js';
import { normalizeUuid, queryValidator } from '../../http/validate.js';
import { CONSUMER_UUID } from '../shapes.js';
import { wholeNumber } from '../analysis/query.js';

/** The query of GET /stockroom/changes. */
export type ChangesQuery = { readonly filter: Filter; readonly limit: number } & (
  | { readonly order: 'oldest'; readonly since: StreamStart; readonly wait: number }
  | { readonly order: 'newest'; readonly before: Cursor | null }
);

const text = { type: 'string' };

/** The parameters. */
export const changesQuery = queryValidator<{ readonly [name in Parameter]?: string }>({
  type: 'object',
  additionalProperties: false,
  properties: {
    since: text,
    before: text,
    order: text,
    limit: text,
    wait: text,
    kind: text,
    provider: text,
    consumer: text,
    request: text,
  },
});

type Parameter = 'since' | 'before' | 'order' | 'limit' | 'wait' | 'kind' | 'provider' | 'consumer' | 'request';

const MOST = 1000;
const DEFAULT_LIMIT = 100;
const LONGEST_WAIT = 60;

/** TRUNCATE is a change of every kind. */
const NAMED_KINDS: readonly ChangeKind[] = CHANGE_KINDS.filter((kind) => kind !== 'everything');

/** @throws 400 for a parameter that is malformed, given twice, or not possible with the order */
export function parseChangesQuery(query: Query): ChangesQuery {
  const given = changesQuery(lastValues(query));
  for (const [name, values] of query) if (values.length > 1) throw badQueryValue(name, 'one value', values.join(', '));
  const value = (name: Parameter): string | null => given[name] ?? null;
  const order = value('order') ?? 'oldest';
  if (order !== 'oldest' && order !== 'newest') throw badQueryValue('order', 'oldest or newest', order);
  const limit = wholeNumber(query, 'limit', { least: 1, most: MOST }) ?? DEFAULT_LIMIT;
  const wait = wholeNumber(query, 'wait', { least: 0, most: LONGEST_WAIT });
  const [since, before] = [value('since'), value('before')];
  const filter = parseFilter(value);
  if (order === 'oldest') {
    if (before !== null) throw badQueryValue('before', 'order=newest beside it', before);
    return { order, filter, limit, since: parseSince(since ?? 'start'), wait: (wait ?? 0) * 1000 };
  }
  if (since !== null) throw badQueryValue('since', 'before=CURSOR in its place with order=newest', since);
  if (wait !== null) throw badQueryValue('wait', 'order=oldest beside it', String(wait));
  return { order, filter, limit, before: before === null ? null : parseBefore(before) };
}

function parseFilter(value: (name: Parameter) => string | null): Filter {
  const kinds = value('kind')?.split(',') ?? null;
  const unknown = kinds?.find((kind) => !(NAMED_KINDS as readonly string[]).includes(kind));
  if (unknown !== undefined) throw badQueryValue('kind', `some of ${NAMED_KINDS.join(', ')}`, unknown);
  const request = value('request');
  if (request === '') throw badQueryValue('request', 'the id of a request', request);
  return {
    kinds: kinds as readonly ChangeKind[] | null,
    provider: uuidOf('provider', value('provider')),
    consumer: consumerOf(value('consumer')),
    request,
  };
}

/** POST /allocations keeps the spelling of the UUID of a consumer, so that spelling is accepted here. */
function consumerOf(given: string | null): string | null {
  return given !== null && new RegExp(CONSUMER_UUID).test(given) ? given : uuidOf('consumer', given);
}

function uuidOf(name: string, given: string | null): string | null {
  if (given === null) return null;
  const uuid = normalizeUuid(given);
  if (uuid === undefined) throw badQueryValue(name, 'a uuid', given);
  return uuid;
}

/** The offset may begin with a blank: a plus that is not percent-encoded is decoded as a blank. */
const TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z|[+ -]\d\d:?\d\d)$/;

function parseSince(text: string): StreamStart {
  if (text === 'now' || text === 'start') return text;
  const cursor = parseCursor(text);
  if (cursor !== null) return cursor;
  const [, local = '', offset = ''] = TIME.exec(text) ?? [];
  const time = new Date(local + offset.replace(' ', '+').replace(/^([+-]\d\d)(\d\d)$/, '$1:$2'));
  if (Number.isNaN(time.getTime()))
    throw badQueryValue('since', 'a cursor, start, now or a time such as 2026-11-25T21:00:00Z', text);
  return { time };
}

function parseBefore(text: string): Cursor {
  const cursor = parseCursor(text);
  if (cursor === null) throw badQueryValue('before', 'a cursor', text);
  return cursor;
}
