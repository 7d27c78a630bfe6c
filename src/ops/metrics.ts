import { AggregatorRegistry, collectDefaultMetrics, Registry } from 'prom-client';
import type { Pool } from '../db/pool.js';
import type { ClientMemory } from '../http/client-memory.js';
import type { HttpMeter } from '../http/request-meter.js';
import type { GroupResult } from '../ledger/claims.js';
import type { HistoryGauges } from '../history/gauges.js';
import type { ListGauge } from '../lists/run/gauges.js';
import type { Explaining } from '../resources/explain/explaining.js';
import type { TopologyReader } from '../topology/catch-up.js';
import type { CandidatesCache } from '../resources/allocation-candidates/cache.js';
import type { ShapeGauges } from '../resources/capacity/gauges.js';
import type { AuditLog } from '../audit-log/audit-log.js';
import { showAuditLog } from './metrics/audit-log.js';
import { renderCapacity } from './metrics/capacity.js';
import { renderShapes } from './metrics/shapes.js';
import { showPool } from './metrics/database.js';
import {
  meterCapacities,
  meterCatchUps,
  meterClaims,
  meterSearches,
  showCandidatesCache,
  type OnSearch,
} from './metrics/domain.js';
import { meterExplanations } from './metrics/explain.js';
import { showHistory } from './metrics/history.js';
import { meterHttp } from './metrics/http.js';
import { meterLists, showLists, type ListMeters } from './metrics/lists.js';
import { showMemory } from './metrics/memory.js';
import { addSeries, type Definition, type MetricsSnapshot } from './metrics/series.js';
import { showTokens, type TokenSource } from './metrics/tokens.js';
import { showTopology } from './metrics/topology.js';
import { version } from './version.js';

/** The counters of one process. */
export interface ProcessMetrics {
  /** Returns the numbers for {@link renderMetrics}, in this process or another. */
  snapshot(): Promise<MetricsSnapshot>;
  /** Returns the capacity gauges as text; '' when they are off. They are the same in every process, so one worker is asked for them. */
  capacity(): Promise<string>;
  /** The metrics without numbers, for the documentation. */
  definitions(): readonly Pick<Definition, 'name' | 'type' | 'help'>[];
}

export interface MetricsOptions {
  /** Whether the metrics include those of the process itself: the event loop, memory, garbage collection. */
  readonly ofProcess: boolean;
  /** The most providers with capacity gauges; null for no capacity gauges. */
  readonly capacityLimit: number | null;
}

/** The meters are created first, because the parts of the service need them. `show` then adds the metrics that read from the parts. */
export interface Meters {
  readonly http: HttpMeter;
  readonly onCatchUp: (seconds: number) => void;
  readonly onGroup: (group: GroupResult) => void;
  readonly onSearch: OnSearch;
  readonly onCapacity: (seconds: number) => void;
  readonly explaining: Pick<Explaining, 'onExplain' | 'onEmptyExplained'>;
  readonly lists: ListMeters;
  show(parts: ShownParts): ProcessMetrics;
}

export interface ShownParts {
  readonly pool: Pool;
  readonly topology: Pick<TopologyReader, 'current' | 'latest' | 'status'>;
  /** Null when the service does not use Keystone. */
  readonly keystone: TokenSource | null;
  readonly lists: ListsSource;
  readonly history: { readGauges(): Promise<HistoryGauges>; waiting(): number };
  readonly memory: ClientMemory;
  readonly shapes: ShapeGauges;
  readonly candidatesCache: Pick<CandidatesCache, 'bytes'>;
  /** Null when the audit log is off. */
  readonly auditLog: AuditLog | null;
}

/** The source of the metrics of inventory lists. */
export interface ListsSource {
  readGauges(): Promise<readonly ListGauge[]>;
  spoolBytes(): number;
}

export function createMeters({ ofProcess, capacityLimit }: MetricsOptions): Meters {
  const registry = new Registry();
  addSeries(
    registry,
    { name: 'stockroom_build_info', help: '1, with the version of Stockroom.', type: 'gauge', aggregator: 'first' },
    () => [{ value: 1, labels: { version: version() } }],
  );
  if (ofProcess) addProcess(registry);
  return {
    http: meterHttp(registry),
    onCatchUp: meterCatchUps(registry),
    onGroup: meterClaims(registry),
    onSearch: meterSearches(registry),
    onCapacity: meterCapacities(registry),
    explaining: meterExplanations(registry),
    lists: meterLists(registry),
    show({ pool, topology, keystone, memory, lists, history, shapes, candidatesCache, auditLog }) {
      showTopology(registry, topology);
      showPool(registry, pool);
      showMemory(registry, memory);
      showCandidatesCache(registry, candidatesCache);
      showAuditLog(registry, auditLog);
      if (keystone !== null) showTokens(registry, keystone);
      let gauges: readonly ListGauge[] = [];
      showLists(
        registry,
        () => gauges,
        () => lists.spoolBytes(),
      );
      let ofHistory: HistoryGauges | null = null;
      showHistory(registry, { gauges: () => ofHistory, waiting: () => history.waiting() });
      const readHistory = async (): Promise<void> => {
        const read = history.readGauges().then((found) => (ofHistory = found));
        await settledWithin(CATCH_UP_DEADLINE_MS, read);
      };
      const readLists = async (): Promise<void> => {
        const read = lists.readGauges().then((found) => (gauges = found));
        await settledWithin(CATCH_UP_DEADLINE_MS, read);
      };
      // When `snapshot` and `capacity` are called at once, they share the catch-up, like all readers.
      const caughtUp = (): Promise<void> => settledWithin(CATCH_UP_DEADLINE_MS, topology.current());
      return {
        async snapshot() {
          await Promise.all([caughtUp(), readLists(), readHistory()]);
          return numbersOf(await registry.getMetricsAsJSON());
        },
        async capacity() {
          const ofShapes = renderShapes(shapes);
          if (capacityLimit === null) return ofShapes;
          await caughtUp();
          return (await renderCapacity(topology.latest(), capacityLimit)) + (await ofShapes);
        },
        definitions: () => registry.getMetricsAsArray() as unknown as Definition[],
      };
    },
  };
}

/** Adds the metrics of the process, without those to which promtool objects: gauges with names of counters, which are sums of other metrics. */
function addProcess(registry: Registry): void {
  collectDefaultMetrics({ register: registry });
  for (const what of ['handles', 'requests', 'resources']) registry.removeSingleMetric(`nodejs_active_${what}_total`);
}

/**
 * Removes values that are not finite. The mean lag of an event loop that was not measured since the last time is NaN. It would become null
 * on the way to another process, and 0 in the sum.
 */
function numbersOf(snapshot: MetricsSnapshot): MetricsSnapshot {
  return snapshot.map((metric) => ({ ...metric, values: metric.values.filter(({ value }) => Number.isFinite(value)) }));
}

/** Adds up the counters of ended processes. Leaves out their gauges. */
export async function countsOf(snapshots: readonly MetricsSnapshot[]): Promise<MetricsSnapshot> {
  const counts = snapshots.map((snapshot) =>
    // prom-client sends the type as text.
    snapshot.filter(({ type }) => ['counter', 'histogram'].includes(String(type))),
  );
  return AggregatorRegistry.aggregate(counts).getMetricsAsJSON();
}

/** The text of /metrics, for one process or for several. */
export async function renderMetrics(snapshots: readonly MetricsSnapshot[], capacity: string): Promise<string> {
  // prom-client leaves the start time out when it adds up processes. The start of the oldest process is the start of the service.
  const whole = snapshots.map((snapshot) =>
    snapshot.map((metric) =>
      metric.name === 'process_start_time_seconds' ? { ...metric, aggregator: 'min' } : metric,
    ),
  );
  return (await AggregatorRegistry.aggregate(whole).metrics()) + capacity;
}

/**
 * Before a scrape, the process waits this long for a catch-up, which makes the gauges exact, and which other reads share. When the database
 * is unavailable or slow, the gauges are as old as `stockroom_topology_age_seconds`.
 */
const CATCH_UP_DEADLINE_MS = 250;

async function settledWithin(milliseconds: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, milliseconds)));
  await Promise.race([work.catch(() => undefined), late]);
  clearTimeout(timer);
}
