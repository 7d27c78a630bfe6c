import { UsageError, type CommandLine } from '../../config/arguments.js';
import { readList } from './lists.js';

/** The arguments of `stockroom audit orphans`. */
export interface OrphansArguments {
  /** The body of POST /stockroom/orphans. */
  readonly body: object;
  /** Seconds. */
  readonly olderThan: number;
  /** The file that can undo the deletion; null for none. */
  readonly save: string | null;
  readonly isDeletion: boolean;
  /** Whether the deletion needs no confirmation on the terminal. */
  readonly isAgreed: boolean;
}

/** @throws UsageError; OperatorError for a list that cannot be read */
export async function orphansArguments({ values, switches }: CommandLine): Promise<OrphansArguments> {
  const [live, alsoLive] = [values.get('live'), values.get('also-live')];
  if (live === undefined) throw new UsageError('audit orphans needs --live FILE, the list of consumers that live.');
  if (live === '-' && alsoLive === '-') throw new UsageError('--live and --also-live cannot both be standard input.');
  const save = values.get('save') ?? null;
  const [isDeletion, isAgreed] = [switches.has('delete'), switches.has('yes')];
  if (isDeletion && save === null) throw new UsageError('--delete needs --save FILE, which can undo it.');
  const canAsk = process.stdin.isTTY && live !== '-' && alsoLive !== '-';
  if (isDeletion && !isAgreed && !canAsk)
    throw new UsageError('--delete needs --yes where there is no terminal to ask on.');
  const olderThan = ageOf(values.get('older-than') ?? '15m');
  const expected = wholeNumber('expect-at-most', values.get('expect-at-most'));
  const given = timeOf(values.get('taken-at'));

  const now = new Date();
  const first = await readList('live', live, now);
  const second = alsoLive === undefined ? null : await readList('also-live', alsoLive, now);
  const oldest = new Date(Math.min(first.takenAt.getTime(), second?.takenAt.getTime() ?? Infinity));
  const body = {
    live: first.entries.map(({ consumer, provider }) => (provider === null ? consumer : { consumer, provider })),
    also_live: second?.entries.map(({ consumer }) => consumer) ?? [],
    taken_at: (given ?? oldest).toISOString(),
    older_than: olderThan,
    consumer_types: typesOf(values.get('type')),
    resource_classes: classesOf(values.get('class')),
    expect_at_most: expected,
  };
  return { body, olderThan, save, isDeletion, isAgreed };
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** @returns seconds */
function ageOf(text: string): number {
  const [, number, unit = 's'] = /^(\d{1,6})([smhd])?$/.exec(text) ?? [];
  if (number === undefined)
    throw new UsageError(`--older-than needs an age such as 90s, 15m, 2h or 1d, got '${text}'.`);
  return Number(number) * (UNITS[unit] ?? 1);
}

function wholeNumber(flag: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  if (!/^\d{1,9}$/.test(text)) throw new UsageError(`--${flag} needs a whole number, got '${text}'.`);
  return Number(text);
}

/** A time without an offset is in the time zone of this machine, as in the other commands. */
function timeOf(text: string | undefined): Date | null {
  if (text === undefined) return null;
  const time = new Date(text);
  if (/^\d{4}-\d{2}-\d{2}/.test(text) && !Number.isNaN(time.getTime())) return time;
  throw new UsageError(`--taken-at needs a time such as 2026-11-25T21:00:00+00:00, got '${text}'.`);
}

function typesOf(text: string | undefined): (string | null)[] | null {
  return text?.split(',').map((one) => (one === 'none' ? null : one)) ?? null;
}

function classesOf(text: string | undefined): string[] | null {
  if (text === undefined) return null;
  return text === 'all' ? [] : text.split(',');
}
