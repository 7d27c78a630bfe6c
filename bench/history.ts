import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { startEmbedded, type EmbeddedDatabase } from '../src/db/embedded.js';
import { createClient, headersOf } from './client.js';
import { runLoad } from './load.js';
import { processorSecondsOfAll } from './processor-time.js';
import type { Conversations, Scenario } from './scenario.js';
import { claims } from './scenarios/claims.js';
import { putInventoriesScenario } from './scenarios/put-inventories.js';
import { startService, type StartedServer } from './servers.js';

const HELP = `usage: npm run bench:history -- [options]

Writes a second with the history on and off, in turns, the processor time of a write,
and the bytes that the history keeps of it (docs/adr/0025).

  --write NAME        claims (default) or inventories
  --rounds N          (6) the first one comes after a round that only warms up
  --seconds N         length of one measurement (4)
  --connections N     (32)
  --reference FOLDER  a built checkout of this repository to measure in the same rounds
`;

const WRITES: Readonly<Record<string, Scenario>> = { claims, inventories: putInventoriesScenario };

/** One build of the service with a database of its own. */
interface Subject {
  readonly label: string;
  readonly folder: string;
  readonly database: EmbeddedDatabase;
  readonly service: StartedServer;
  readonly sql: pg.Client;
  readonly postmaster: number;
  readonly conversations: Conversations;
  readonly on: Figures[];
  readonly off: Figures[];
}

/** Processor time in microseconds of one write. */
interface Figures {
  readonly writes: number;
  readonly perSecond: number;
  readonly postgres: number;
  readonly service: number;
  readonly historyBytes: number;
}

interface Options {
  readonly scenario: Scenario;
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
  readonly reference: string | undefined;
}

function readOptions(): Options | null {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', short: 'h' },
      write: { type: 'string', default: 'claims' },
      rounds: { type: 'string', default: '6' },
      seconds: { type: 'string', default: '4' },
      connections: { type: 'string', default: '32' },
      reference: { type: 'string' },
    },
  });
  if (values.help === true) return null;
  const scenario = WRITES[values.write];
  if (scenario === undefined) throw new Error(`--write is ${Object.keys(WRITES).join(' or ')}, not ${values.write}`);
  const [rounds, seconds, connections] = [values.rounds, values.seconds, values.connections].map(Number);
  return { scenario, rounds: rounds!, seconds: seconds!, connections: connections!, reference: values.reference };
}

async function start(label: string, main: string | undefined, scenario: Scenario): Promise<Subject> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'stockroom-bench-'));
  const database = await startEmbedded({ dataDir: folder });
  const service = await startService(database.connectionString, [], {}, main);
  const sql = new pg.Client({ connectionString: database.connectionString });
  // The server is stopped while it is connected when something fails; that error is the one to see.
  sql.on('error', () => undefined);
  await sql.connect();
  const { rows } = await sql.query<{ pid: string }>(
    `select split_part(pg_read_file('postmaster.pid'), E'\\n', 1) as pid`,
  );
  const world = await scenario.prepare(createClient(service.url, () => undefined));
  const conversations = typeof world === 'function' ? world : world.conversations;
  return { label, folder, database, service, sql, postmaster: Number(rows[0]?.pid), conversations, on: [], off: [] };
}

async function stop({ sql, service, database, folder }: Subject): Promise<void> {
  await sql.end();
  await service.stop();
  await database.stop();
  await rm(folder, { recursive: true, force: true });
}

/** The service looks whether a history is kept when it is asked for changes. */
async function switchHistory({ sql, service }: Subject, how: 'on' | 'off'): Promise<void> {
  await sql.query(how === 'on' ? 'select history_enable()' : 'select history_disable()');
  const response = await fetch(`${service.url}/stockroom/changes?limit=1`, { headers: headersOf() });
  await response.arrayBuffer();
  if ((response.status === 200) !== (how === 'on')) throw new Error(`the history is not ${how}: ${response.status}`);
}

async function measure(subject: Subject, seconds: number, connections: number): Promise<Figures> {
  const { service, postmaster, conversations } = subject;
  const bytes = await historyBytes(subject);
  const times = (): Promise<number[]> => Promise.all([postmaster, service.pid].map(processorSecondsOfAll));
  const before = await times();
  const result = await runLoad({ url: service.url, connections, seconds }, conversations);
  if (result.wrong > 0) throw new Error(`${result.wrong} wrong responses, such as ${result.example}`);
  const writes = Math.round(result.requestsPerSecond * seconds);
  const after = await times();
  const [postgres = 0, ofService = 0] = before.map((each, i) => (((after[i] ?? 0) - each) * 1e6) / writes);
  return {
    writes,
    perSecond: result.requestsPerSecond,
    postgres,
    service: ofService,
    historyBytes: (await historyBytes(subject)) - bytes,
  };
}

async function historyBytes({ sql }: Subject): Promise<number> {
  const { rows } = await sql.query<{ bytes: string }>(
    `select sum(pg_total_relation_size(inhrelid)) as bytes from pg_inherits
     where inhparent in ('history_changes'::regclass, 'history_requests'::regclass)`,
  );
  return Number(rows[0]?.bytes);
}

/** Minimum, median and maximum. */
function shown(values: readonly number[], digits: number): string {
  const sorted = values.toSorted((a, b) => a - b);
  const median = (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
  return [sorted[0]!, median, sorted.at(-1)!].map((value) => value.toFixed(digits)).join('  ');
}

function report({ label, on, off }: Subject): void {
  const ratios = (of: (figures: Figures) => number): number[] => on.map((each, i) => of(each) / of(off[i]!));
  const line = (text: string, values: readonly number[], digits: number): void => {
    console.log(`  ${text.padEnd(47)}${shown(values, digits)}`);
  };
  console.log(`${label}: min, median, max of ${on.length} rounds`);
  line(
    'writes a second, on',
    on.map((each) => each.perSecond),
    0,
  );
  line(
    'writes a second, off',
    off.map((each) => each.perSecond),
    0,
  );
  line(
    'writes a second, on / off',
    ratios((each) => each.perSecond),
    3,
  );
  line(
    'processor time of PostgreSQL, µs a write, on',
    on.map((each) => each.postgres),
    0,
  );
  line(
    'processor time of PostgreSQL, µs a write, off',
    off.map((each) => each.postgres),
    0,
  );
  line(
    'processor time of the service, µs a write, on',
    on.map((each) => each.service),
    0,
  );
  line(
    'processor time of the service, µs a write, off',
    off.map((each) => each.service),
    0,
  );
  line(
    'processor time of both, off / on',
    ratios((each) => 1 / (each.postgres + each.service)),
    3,
  );
  const [bytes, writes] = [
    on.reduce((sum, each) => sum + each.historyBytes, 0),
    on.reduce((sum, each) => sum + each.writes, 0),
  ];
  console.log(`  bytes of history a write                       ${Math.round(bytes / writes)}`);
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options === null) {
    console.log(HELP);
    return;
  }
  const { scenario, rounds, seconds, connections, reference } = options;
  const subjects: Subject[] = [];
  try {
    subjects.push(await start('this', undefined, scenario));
    if (reference !== undefined)
      subjects.push(await start('reference', path.resolve(reference, 'dist/main.js'), scenario));
    for (const { service, conversations } of subjects)
      await runLoad({ url: service.url, connections, seconds: 2 }, conversations);
    for (let round = 0; round < rounds; round++) {
      // Which one comes first changes with the round.
      const turned = <T>(list: readonly T[]): readonly T[] => (round % 2 === 0 ? list : list.toReversed());
      for (const how of turned(['on', 'off'] as const)) {
        for (const subject of turned(subjects)) {
          await switchHistory(subject, how);
          subject[how].push(await measure(subject, seconds, connections));
        }
      }
      const ratios = subjects.map(
        ({ label, on, off }) => `${label} ${(on[round]!.perSecond / off[round]!.perSecond).toFixed(3)}`,
      );
      console.error(`round ${round + 1} of ${rounds}: on / off ${ratios.join(', ')}`);
    }
    subjects.forEach(report);
  } finally {
    for (const subject of subjects) await stop(subject);
  }
}

await main();
