import type { RouteRequest } from '../../http/route.js';
import type { Slices, Stopwatch } from '../../rounds.js';
import type { TopologyReader } from '../../topology/catch-up.js';
import type { View } from '../../topology/model.js';
import type { Turnstile } from '../../turnstile.js';
import { inASlice } from '../in-a-slice.js';
import { inSlices, type Worked } from './in-slices.js';
import { resolveQuestion, type ParsedQuestion, type Question } from './query.js';

/** What the routes work with that ask about the whole cloud: explain and capacity. */
export interface QuestionDependencies {
  readonly topology: TopologyReader;
  readonly slices: Slices;
  /** Admits a few questions at a time. */
  readonly questions: Turnstile;
}

/**
 * Works out the response to a question, when there is a place for it.
 *
 * @param start begins the work, which yields when its pace says so; the view is not to be looked at after the first time
 * @throws 400 for unknown names, 404 for an unknown provider, 503 when too many questions wait
 */
export async function workOut<T>(
  { topology, slices, questions }: QuestionDependencies,
  routeRequest: RouteRequest,
  parsed: ParsedQuestion,
  start: (view: View, question: Question, pace: Stopwatch) => Iterator<unknown, T, void>,
): Promise<Worked<T>> {
  const leave = await questions.enter();
  try {
    return await inASlice(topology, slices, (view) => {
      const question = resolveQuestion(view, parsed, routeRequest.version);
      return inSlices(
        (pace) => start(view, question, pace),
        slices,
        () => routeRequest.isGone(),
      );
    });
  } finally {
    leave();
  }
}
