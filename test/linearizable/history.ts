/**
 * A history: what clients did and saw, an event a line of JSON, in the order in which it happened. A client has one operation at a
 * time: `invoke`, then `ok`, `fail` (it has had no effect and never will) or `info` (unknown). docs/reference/history-of-clients.md
 */
export type Event = Read | Write | Usage | Claim;
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

/** @throws Error for a line that is no event */
export function parseEvent(line: string): Event {
  const event = JSON.parse(line) as Partial<Record<string, unknown>>;
  const has = (name: string, type: string): boolean => typeof event[name] === type;
  const ok = event['type'] === 'ok';
  const complete =
    has('time', 'number') &&
    ['invoke', 'ok', 'fail', 'info'].includes(String(event['type'])) &&
    has('client', 'string') &&
    has('key', 'string') &&
    {
      read: !ok || (has('generation', 'number') && has('value', 'string')),
      write: has('generation', 'number') && has('value', 'string'),
      usage: !ok || (has('generation', 'number') && has('used', 'number') && has('capacity', 'number')),
      claim: has('amount', 'number'),
    }[String(event['op'])];
  if (complete !== true) throw new Error(`not an event of a history: ${line}`);
  return event as unknown as Event;
}
