/**
 * A history: what clients did and saw, an event a line of JSON, in the order in which it happened. A client has one operation at a
 * time: `invoke`, then `ok`, `fail` (it has had no effect and never will) or `info` (unknown). docs/reference/history-of-clients.md
 */
export type Event = Read | Write | Usage | Claim | Snapshot;
export type Moment = 'invoke' | 'ok' | 'fail' | 'info';

interface Base {
  /** Milliseconds since the history began, of one clock. */
  readonly time: number;
  readonly type: Moment;
  readonly client: string;
  readonly key: string;
}

/** Reads a register. `ok` has its generation and its value. */
export interface Read extends Base {
  readonly op: 'read';
  readonly generation?: number;
  readonly value?: string;
}

/** Replaces the value of a register that has the generation before `generation`. */
export interface Write extends Base {
  readonly op: 'write';
  /** The one that the register has after it. */
  readonly generation: number;
  /** No other write to this register has the same. */
  readonly value: string;
}

/** Reads how much of a counter is in use. `ok` has all three. */
export interface Usage extends Base {
  readonly op: 'usage';
  readonly generation?: number;
  readonly used?: number;
  readonly capacity?: number;
}

/** Adds to a counter; a negative amount gives back. */
export interface Claim extends Base {
  readonly op: 'claim';
  readonly amount: number;
}

/** Reads several registers and counters, all as they are at one moment. `ok` has what it saw; `key` names what was asked. */
export interface Snapshot extends Base {
  readonly op: 'snapshot';
  readonly reads?: readonly Seen[];
}

/** What one response says of one key of several. */
export type Seen = SeenRegister | SeenCounter;

/** Has the generation, the value, or both. */
export interface SeenRegister {
  readonly op: 'read';
  readonly key: string;
  readonly generation?: number;
  readonly value?: string;
}

/** Has the generation, or `used` and `capacity`, or all three. */
export interface SeenCounter {
  readonly op: 'usage';
  readonly key: string;
  readonly generation?: number;
  readonly used?: number;
  readonly capacity?: number;
}

/** @throws Error for a line that is no event */
export function parseEvent(line: string): Event {
  const event = JSON.parse(line) as Fields;
  const ok = event['type'] === 'ok';
  const complete =
    has(event, 'time', 'number') &&
    ['invoke', 'ok', 'fail', 'info'].includes(String(event['type'])) &&
    has(event, 'client', 'string') &&
    has(event, 'key', 'string') &&
    {
      read: !ok || (has(event, 'generation', 'number') && has(event, 'value', 'string')),
      write: has(event, 'generation', 'number') && has(event, 'value', 'string'),
      usage: !ok || (has(event, 'generation', 'number') && hasUsage(event)),
      claim: has(event, 'amount', 'number'),
      snapshot: !ok || (Array.isArray(event['reads']) && event['reads'].every(isSeen)),
    }[String(event['op'])];
  if (complete !== true) throw new Error(`not an event of a history: ${line}`);
  return event as unknown as Event;
}

type Fields = Partial<Record<string, unknown>>;

const has = (fields: Fields, name: string, type: string): boolean => typeof fields[name] === type;

const hasUsage = (fields: Fields): boolean => has(fields, 'used', 'number') && has(fields, 'capacity', 'number');

function isSeen(given: unknown): boolean {
  const seen = given as Fields;
  const state = { read: has(seen, 'value', 'string'), usage: hasUsage(seen) }[String(seen['op'])];
  return has(seen, 'key', 'string') && state !== undefined && (state || has(seen, 'generation', 'number'));
}
