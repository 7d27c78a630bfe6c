import { setMaxListeners } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import type { Attempt, Target } from './attempt.js';
import type { Neighbour, Served } from './neighbour.js';
import { each } from './raw.js';

/** One line of the report. */
export interface Outcome {
  readonly name: string;
  readonly tried: number;
  /** What happened, how often. */
  readonly happened: ReadonlyMap<string, number>;
  readonly served: Served;
}

type Place = Omit<Target, 'over'>;

/** Repeats one attempt, with the number of clients that the attempt has. */
export async function alone(attempt: Attempt, place: Place, neighbour: Neighbour, ms: number): Promise<Outcome> {
  const happened = new Map<string, number>();
  const { clients } = attempt;
  await repeat([{ attempt, clients, happened, pauseMs: 0 }], place, ms);
  return { name: attempt.name, tried: sum(happened), happened, served: await neighbour.served() };
}

/** Makes all attempts at the same time, shared out over so many clients that pause now and then. */
export async function together(
  attempts: readonly Attempt[],
  place: Place,
  neighbour: Neighbour,
  { clients, pauseMs, ms }: { clients: number; pauseMs: number; ms: number },
): Promise<Outcome[]> {
  const shares = attempts.reduce((all, { share }) => all + share, 0);
  const crowds = attempts.map((attempt) => ({
    attempt,
    clients: Math.round((clients * attempt.share) / shares),
    happened: new Map<string, number>(),
    pauseMs,
  }));
  await repeat(crowds, place, ms);
  const served = await neighbour.served();
  return crowds.map(({ attempt, happened, clients: count }) => {
    return { name: `${attempt.name} (${count} clients)`, tried: sum(happened), happened, served };
  });
}

interface Crowd {
  readonly attempt: Attempt;
  readonly clients: number;
  readonly happened: Map<string, number>;
  /** A client waits for up to twice as long before each attempt. */
  readonly pauseMs: number;
}

async function repeat(crowds: readonly Crowd[], place: Place, ms: number): Promise<void> {
  const over: AbortSignal = AbortSignal.timeout(Math.round(ms));
  // Each client listens.
  setMaxListeners(0, over);
  const isOver = (): boolean => over.aborted;
  const target: Target = { ...place, over };
  await Promise.all(
    crowds.map(({ attempt, clients, happened, pauseMs }) =>
      each(untilOver(over), clients, async () => {
        await setTimeout(Math.random() * 2 * pauseMs, undefined, { signal: over }).catch(() => undefined);
        if (isOver()) return;
        const what = await attempt.make(target);
        if (!isOver()) happened.set(what, (happened.get(what) ?? 0) + 1);
      }),
    ),
  );
}

function* untilOver(over: AbortSignal): Generator<void> {
  while (!over.aborted) yield;
}

function sum(happened: ReadonlyMap<string, number>): number {
  return [...happened.values()].reduce((all, count) => all + count, 0);
}
