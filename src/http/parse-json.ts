import { malformedJson } from '../errors.js';
import { createYieldPoint } from '../slices.js';

/** In characters. JSON.parse takes about a millisecond for so many. A longer text is parsed in pieces, and the event loop runs between them. */
const SMALL = 65_536;

/** In characters. A value that is not longer is parsed at once. The items of a list that fit are parsed together. */
const PIECE = 8192;

/** No body of the API is nested more than 7 levels deep. */
const MAX_DEPTH = 64;

/** The largest body that the service accepts by default has room for 75,000 consumers. */
const MAX_MEMBERS = 100_000;

/**
 * A body of 32 MB has room for 850,000 UUIDs, and no value of the API is shorter in such numbers. The values of 10 MB of
 * `{},` take 190 MB of memory, the most that one request can make a process use (docs/adr/0018).
 */
const MAX_VALUES = 1_000_000;

/**
 * Parses the text of a body. A large text is parsed in pieces, and the event loop runs between them. JSON.parse takes 100 ms for 10 MB,
 * and 2 s for 5,000,000 brackets.
 *
 * @throws ApiError 400 when the text is not JSON. For a large text also when a value of more than 8,192 characters is nested more than
 * 64 levels deep, when one object has more than 100,000 members, or when there are more than 1,000,000 commas
 */
export function parseJson(text: string): Promise<unknown> {
  return parseInPieces(text, { depth: MAX_DEPTH, members: MAX_MEMBERS, values: MAX_VALUES });
}

/** Parses JSON from the database in the same way, without limits. */
export function parseJsonOfDatabase(text: string): Promise<unknown> {
  return parseInPieces(text, { depth: Infinity, members: Infinity, values: Infinity });
}

interface Bounds {
  readonly depth: number;
  /** The most members of one object. */
  readonly members: number;
  /** The most commas in the text. */
  readonly values: number;
}

async function parseInPieces(text: string, most: Bounds): Promise<unknown> {
  if (text.length <= SMALL) return parsePiece(text);
  const pause = createYieldPoint();
  let at = 0;

  async function boundValues(): Promise<void> {
    let commas = 0;
    for (let i = 0; i < text.length; i++) {
      if (text.charCodeAt(i) === COMMA) commas++;
      if (i % PIECE === 0) await pause();
    }
    if (commas > most.values) throw malformedJson(`it has more than ${most.values} values`);
  }

  function unexpected(): Error {
    return malformedJson(at < text.length ? `unexpected character at position ${at}` : 'it ends in the middle');
  }

  function skipBlanks(): void {
    while (at < text.length && isBlank(text.charCodeAt(at))) at++;
  }

  /** Skips this character if it comes next, and returns whether it did. */
  function passes(character: string): boolean {
    skipBlanks();
    if (text[at] !== character) return false;
    at++;
    return true;
  }

  async function parseValue(depth: number): Promise<unknown> {
    await pause();
    skipBlanks();
    const isContainer = text[at] === '{' || text[at] === '[';
    const end = endOfValue(text, at, isContainer ? PIECE : Infinity);
    if (end !== null) {
      const piece = text.slice(at, end);
      at = end;
      return parsePiece(piece);
    }
    if (!isContainer) throw unexpected();
    if (depth === most.depth) throw malformedJson(`it is nested more than ${most.depth} levels deep`);
    return text[at++] === '{' ? parseMembers(depth + 1) : parseItems(depth + 1);
  }

  /** Takes the text of the next items, at least two, that end within the length of a piece. */
  function nextOfMany(): string | null {
    const end = endOfMany(text, at, PIECE);
    if (end === null) return null;
    const some = text.slice(at, end);
    at = end;
    return some;
  }

  async function parseItems(depth: number): Promise<unknown[]> {
    const items: unknown[] = [];
    if (passes(']')) return items;
    do {
      const some = nextOfMany();
      if (some === null) items.push(await parseValue(depth));
      else for (const item of parsePiece(`[${some}]`) as unknown[]) items.push(item);
      await pause();
    } while (passes(','));
    if (!passes(']')) throw unexpected();
    return items;
  }

  async function parseMembers(depth: number): Promise<Record<string, unknown>> {
    const members: Record<string, unknown> = {};
    if (passes('}')) return members;
    let count = 0;
    do {
      skipBlanks();
      const end = text[at] === '"' ? endOfString(text, at, Infinity) : null;
      if (end === null) throw unexpected();
      const key = parsePiece(text.slice(at, end)) as string;
      at = end;
      if (!passes(':')) throw unexpected();
      const value = await parseValue(depth);
      // An assignment to `__proto__` would set the prototype. JSON.parse makes a member with that name.
      if (key === '__proto__') Object.defineProperty(members, key, { value, ...PLAIN });
      else members[key] = value;
      if (++count > most.members) throw malformedJson(`an object has more than ${most.members} members`);
    } while (passes(','));
    if (!passes('}')) throw unexpected();
    return members;
  }

  if (text.length > most.values) await boundValues();
  const value = await parseValue(0);
  skipBlanks();
  if (at < text.length) throw unexpected();
  return value;
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB || code === LINE_FEED || code === CARRIAGE_RETURN;
}

const [SPACE, TAB, LINE_FEED, CARRIAGE_RETURN] = [0x20, 0x09, 0x0a, 0x0d];
const [QUOTE, BACKSLASH, COMMA, OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [
  0x22, 0x5c, 0x2c, 0x7b, 0x7d, 0x5b, 0x5d,
];
const PLAIN = { enumerable: true, configurable: true, writable: true };

function parsePiece(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw malformedJson((error as Error).message);
  }
}

/** Finds the end of the value that begins at `start`, by quotes and brackets alone. Null when it does not end within `limit` characters. */
function endOfValue(text: string, start: number, limit: number): number | null {
  const first = text.charCodeAt(start);
  if (first === QUOTE) return endOfString(text, start, limit);
  const last = Math.min(text.length, start + limit);
  let depth = 0;
  for (let at = start; at < last; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const end = endOfString(text, at, last - at);
      if (end === null) return null;
      at = end - 1;
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      depth++;
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      if (depth === 0) return at;
      if (--depth === 0) return at + 1;
    } else if (code === COMMA && depth === 0) return at;
  }
  // Only a number, `true`, `false` or `null` can end at the end of the text without a closing character.
  return depth === 0 && last === text.length && first !== OPEN_BRACE && first !== OPEN_BRACKET ? last : null;
}

/**
 * Finds the end of the last item that ends within `limit` characters, by quotes, commas and brackets alone. The items begin at `start`.
 * The end is before a comma, or before the bracket that closes the list. Null when at most one item ends within the limit.
 */
function endOfMany(text: string, start: number, limit: number): number | null {
  const last = Math.min(text.length, start + limit);
  let depth = 0;
  let commas = 0;
  let end = start;
  for (let at = start; at < last; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const after = endOfString(text, at, last - at);
      if (after === null) break;
      at = after - 1;
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      depth++;
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      if (depth === 0) return commas > 0 ? at : null;
      depth--;
    } else if (code === COMMA && depth === 0) {
      commas++;
      end = at;
    }
  }
  return commas > 1 ? end : null;
}

/** Returns the position after the closing quote of the string that begins at `start`. Null when it does not end within `limit` characters. */
function endOfString(text: string, start: number, limit: number): number | null {
  const last = Math.min(text.length, start + limit);
  for (let at = start + 1; at < last; at++) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at++;
    else if (code === QUOTE) return at + 1;
  }
  return null;
}
