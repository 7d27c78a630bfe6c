import type { Logger } from 'pino';
import { measureCapacity, type Capacity } from '../../capacity/capacity.js';
import { ApiError } from '../../errors.js';
import { NEWEST_VERSION } from '../../http/microversions.js';
import type { Slices } from '../../event-loop.js';
import { createStaleWhileRevalidate } from '../../stale-while-revalidate.js';
import type { TopologyReader } from '../../topology/catch-up.js';
import { withViewInSlice } from '../view-in-slice.js';
import { runInSlices, type TimedResult } from '../analysis/run-in-slices.js';
import { resolveAnalysisQuery, type AnalysisQuery } from '../analysis/query.js';
import type { Shape } from './shapes.js';

/** The gauges of one shape. */
export interface ShapeCapacity {
  readonly name: string;
  /** The query in the configuration. */
  readonly query: string;
  readonly atLeast: number;
  readonly atMost: number;
  readonly ifPooled: number;
  /** The number of trees in which at least one request fits. */
  readonly trees: number;
  /** Ids of the conditions that limit trees. Those that limit most trees come first. */
  readonly limits: readonly string[];
}

export interface ShapeGauges {
  /**
   * Returns the last counts and their age in seconds; null before the first count. When the counts are old, starts a new count and waits for
   * it, but not longer than `patience`.
   */
  read(): Promise<{ readonly shapes: readonly ShapeCapacity[]; readonly age: number } | null>;
}

export interface ShapeGaugesOptions {
  readonly shapes: readonly Shape[];
  readonly topology: Pick<TopologyReader, 'current' | 'whole'>;
  readonly slices: Slices;
  readonly maxSteps: number;
  readonly log: Logger;
  /** Called after the count of each shape, with its seconds of work. */
  readonly onCapacity: (seconds: number) => void;
  /** Returns the time in milliseconds; `performance.now` unless given. */
  readonly now?: () => number;
  /** How long a scrape waits for new numbers, in milliseconds. */
  readonly patience?: number;
}

/** The age at which the numbers are counted again, independently of the number of scrapes. */
const OLD_MS = 15_000;

const PATIENCE_MS = 1000;

export function createShapeGauges(options: ShapeGaugesOptions): ShapeGauges {
  const { shapes, log, now, patience = PATIENCE_MS } = options;
  const told = new Set<string>();
  const refreshed = createStaleWhileRevalidate({
    async make() {
      const counted: ShapeCapacity[] = [];
      for (const shape of shapes) counted.push(await countShape(options, shape, told));
      return counted;
    },
    oldMs: OLD_MS,
    patienceMs: patience,
    onFailure: (error) => {
      log.debug({ err: error }, 'capacity of shapes: not counted');
    },
    now,
  });

  return {
    async read() {
      const last = shapes.length === 0 ? null : await refreshed();
      return last === null ? null : { shapes: last.value, age: last.age };
    },
  };
}

/** Counts one shape in slices, between which requests run. */
async function countShape(
  { topology, slices, maxSteps, log, onCapacity }: ShapeGaugesOptions,
  { name, query, parsed }: Shape,
  told: Set<string>,
): Promise<ShapeCapacity> {
  const worked = await withViewInSlice(topology, slices, (view): Promise<TimedResult<Capacity>> | null => {
    let resolved: AnalysisQuery;
    try {
      resolved = resolveAnalysisQuery(view, parsed, NEWEST_VERSION);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (!told.has(name)) log.warn({ shape: name, reason: error.message }, 'capacity of a shape: counted as 0');
      told.add(name);
      return null;
    }
    const bounds = { maxSteps, enough: null };
    return runInSlices(
      (pace) => measureCapacity(view, resolved.request, bounds, pace),
      slices,
      () => false,
    );
  });
  if (worked === null) return { name, query, atLeast: 0, atMost: 0, ifPooled: 0, trees: 0, limits: [] };
  const { result, seconds } = worked;
  onCapacity(seconds);
  const { count, ifPooled, trees } = result;
  const limits = [...result.limits].sort((a, b) => b.trees - a.trees).map(({ condition }) => condition.id);
  return { name, query, ...count, ifPooled, trees: trees.fitting, limits };
}
