import { fileURLToPath } from 'node:url';
import type { Express } from 'express';
import type { Logger } from 'pino';
import { createApp } from './app.js';
import { composeAuditLog } from './audit-log/compose.js';
import { createKeystone } from './auth/keystone/keystone.js';
import { authStrategyOf, keystoneOptions } from './auth/keystone/options.js';
import { noauth2 } from './auth/noauth2.js';
import type { Config } from './config.js';
import { databaseOptions } from './db/options.js';
import { corsOptions } from './http/cors.js';
import { memoryLimits } from './http/client-memory.js';
import { policyOptions } from './policy/options.js';
import { createDatabase } from './db/database.js';
import { composeLists } from './lists/compose.js';
import type { ListsContext } from './lists/options.js';
import { readHistoryGauges } from './history/gauges.js';
import { prepareHistory, enforceRetention } from './history/retention.js';
import { createHistoryReader, type HistoryReader } from './history/reader.js';
import { API_REFERENCE, CONSOLE, loadPages } from './http/static-pages.js';
import { createClientMemory, type ClientMemory } from './http/client-memory.js';
import { createClaimWriter } from './ledger/claims.js';
import { createDialect } from './lists/dialect/handler.js';
import { openKeysFile } from './lists/dialect/keys-file.js';
import { tooManyAnalyses } from './errors.js';
import { createHealth, type Health } from './ops/health.js';
import { createMeters, type ProcessMetrics } from './ops/metrics.js';
import { createCandidatesCache } from './resources/allocation-candidates/cache.js';
import { createEmptyResponses } from './resources/allocation-candidates/explain-empty.js';
import { createAllocationsReader } from './resources/allocations/cache.js';
import { createConsumerReader } from './resources/allocations/store.js';
import { createUsagesReader } from './resources/usages/cache.js';
import { authorOf } from './resources/author.js';
import { createShapeGauges } from './resources/capacity/gauges.js';
import { shapesOf } from './resources/capacity/shapes.js';
import { createEstimates } from './resources/overview/estimates.js';
import { createTwoTreesReader } from './resources/overview/two-trees.js';
import { createPolicy } from './policy/policy.js';
import { slicesOfThread } from './event-loop.js';
import { createTopologyReader, type TopologyReader } from './topology/catch-up.js';
import { createSemaphore } from './semaphore.js';

/** The running parts of the service, without an HTTP server. */
export interface Service {
  readonly app: Express;
  /** The application with inventory jobs for clients of object stores, for a separate port; null without `[stockroom] lists_s3_port`. */
  readonly dialect: Express | null;
  readonly topology: TopologyReader;
  readonly history: HistoryReader;
  readonly health: Health;
  readonly metrics: ProcessMetrics;
  /** The dependencies of the dialects of inventory lists. */
  readonly lists: ListsContext;
  /**
   * Takes no more runs of inventory jobs. A run that uploads may go on until the deadline, in milliseconds, or until `hurry` aborts.
   */
  endLists(deadline: number, hurry: AbortSignal): Promise<void>;
  readonly memory: ClientMemory;
  /** Creates the partitions of the history that the first requests need. A failure is not fatal. */
  prepare(): Promise<void>;
  /** Ends the background jobs and closes all connections. */
  close(): Promise<void>;
}

/** The folder in which the build writes pages. The compiled service and the sources use the same folder. */
const PAGES_FOLDER = fileURLToPath(new URL('../dist', import.meta.url));

/** Limits requests that analyse the whole cloud. Each examines every tree, in slices, so more at a time would only delay all of them. */
const ANALYSES = { places: 2, mostWaiting: 10 };

/** The interval of marks of the history. It keeps batches small while no client reads them. */
const MARK_SECONDS = 10;

/** The interval of the retention. Ten minutes are short enough, because partitions are made for a week and retention counts days. */
const RETENTION_SECONDS = 600;

/** The state of the process that the service reads. */
export interface ProcessState {
  /** Whether the process finishes its last requests and accepts no new ones. */
  readonly isDraining?: () => boolean;
}

/** Constructs all parts of the service; no other code does. A connection opens when a part needs it. */
export function composeService(
  config: Config,
  connectionString: string,
  log: Logger,
  { isDraining = () => false }: ProcessState = {},
): Service {
  const meters = createMeters({
    ofProcess: config.adminPort !== null,
    capacityLimit: config.capacityMetrics ? config.capacityMetricsLimit : null,
  });
  const policy = createPolicy({ ...policyOptions(config), log });
  const keystone = authStrategyOf(config) === 'keystone' ? createKeystone(keystoneOptions(config), { log }) : null;
  const options = databaseOptions(config, connectionString);
  const database = createDatabase(options, log);
  const { pool, availability } = database;
  const topology = createTopologyReader({
    database,
    log,
    journalRetention: config.journalRetention,
    onCatchUp: meters.onCatchUp,
  });
  const health = createHealth({ topology, keystone, isDraining, hasLogin: config.consoleLogin });
  const history = createHistoryReader(pool, isDraining);
  const auditLog = composeAuditLog(config, log, (uuid) => topology.latest()?.providerByUuid(uuid)?.name ?? null);
  const memory = createClientMemory(memoryLimits(config), log);
  const lists = composeLists({ config, database: options, pool, log, meters: meters.lists });
  const explaining = {
    maxSteps: config.explainMaxSteps,
    emptyResponses: config.explainEmptyAnswers,
    ...meters.explaining,
  };
  const shapes = createShapeGauges({
    shapes: shapesOf(config),
    topology,
    slices: slicesOfThread,
    maxSteps: config.capacityMaxSteps,
    log,
    onCapacity: meters.onCapacity,
  });
  const candidatesCache = createCandidatesCache();
  const app = createApp({
    lists: lists.parts,
    pool,
    topology,
    writeClaims: createClaimWriter(pool, meters.onGroup),
    readConsumer: createConsumerReader(pool),
    readProviderAllocations: createAllocationsReader(pool),
    readUsages: createUsagesReader(pool, topology),
    authorOf: (request) => (history.isKept() ? authorOf(request) : null),
    history,
    log,
    auditLog,
    onUnavailable: availability.rejected,
    meter: meters.http,
    onSearch: meters.onSearch,
    emptyResponses: createEmptyResponses({ topology, slices: slicesOfThread, explaining }),
    onCapacity: meters.onCapacity,
    capacityMaxSteps: config.capacityMaxSteps,
    explaining,
    health,
    authenticate: keystone?.authenticate ?? noauth2,
    policy,
    maxBodyBytes: config.maxRequestBody,
    memory,
    slices: slicesOfThread,
    signIn: config.consoleLogin && keystone !== null ? keystone.signIn : null,
    shapes,
    estimate: createEstimates(pool),
    onTwoTrees: createTwoTreesReader(pool, log),
    analyses: createSemaphore({ ...ANALYSES, reject: tooManyAnalyses }),
    cors: corsOptions(config),
    proxyHeaders: config.enableProxyHeadersParsing,
    pages: loadPages(
      PAGES_FOLDER,
      [...(config.docs ? [API_REFERENCE] : []), ...(config.console ? [CONSOLE] : [])],
      log,
    ),
    candidatesCache,
    candidates: {
      maxAllocationCandidates: config.maxAllocationCandidates === -1 ? null : config.maxAllocationCandidates,
      allocationCandidatesGenerationStrategy: config.allocationCandidatesGenerationStrategy,
      randomizeAllocationCandidates: config.randomizeAllocationCandidates,
      maxSearchSeconds: config.maxSearchSeconds,
    },
    incompleteConsumer: { projectId: config.incompleteConsumerProjectId, userId: config.incompleteConsumerUserId },
  });

  const dialect =
    config.listsS3Port === null
      ? null
      : createDialect({
          lists: lists.parts,
          keysFile: config.listsS3KeysFile === null ? null : openKeysFile(config.listsS3KeysFile, log),
          strategy: keystone ?? { noauth2 },
          domain: config.listsS3Domain,
          policy,
          log,
          auditLog,
          memory,
          meter: meters.http,
          onUnavailable: availability.rejected,
          proxyHeaders: config.enableProxyHeadersParsing,
        });

  const timers = [
    every(RETENTION_SECONDS, () => enforceRetention(pool, config.historyRetentionDays), log),
    every(MARK_SECONDS, () => history.mark(), log),
    every(config.journalRetention / 2, () => topology.prune(), log),
  ];
  if (config.auditInterval > 0) timers.push(every(config.auditInterval, () => topology.audit(), log));
  return {
    app,
    dialect,
    topology,
    history,
    health,
    memory,
    metrics: meters.show({
      pool,
      topology,
      keystone,
      memory,
      lists,
      shapes,
      candidatesCache,
      auditLog,
      history: { readGauges: () => readHistoryGauges(pool), waiting: () => history.waiting() },
    }),
    lists: lists.parts,
    prepare: () => unlessItFails(() => prepareHistory(pool, config.historyRetentionDays), log),
    endLists: (deadline, hurry) => lists.end(deadline, hurry),
    async close() {
      timers.forEach(clearInterval);
      history.close();
      keystone?.close();
      await lists.end(0, AbortSignal.abort());
      await topology.close();
      await pool.close();
      auditLog?.close();
    },
  };
}

/** Runs a job in the background every so many seconds. It does not keep the process alive. */
function every(seconds: number, job: () => Promise<unknown>, log: Logger): NodeJS.Timeout {
  const timer = setInterval(() => void unlessItFails(job, log), seconds * 1000);
  return timer.unref();
}

/** The failure of a job is not fatal. */
async function unlessItFails(job: () => Promise<unknown>, log: Logger): Promise<void> {
  try {
    await job();
  } catch (error) {
    log.debug({ err: error }, 'background job failed; it will run again');
  }
}
