import path from 'node:path';
import { parseArgs } from 'node:util';
import { headersOf } from './client.js';
import { runLoad } from './load.js';
import type { Scenario } from './scenario.js';
import { claims } from './scenarios/claims.js';
import { putInventoriesScenario } from './scenarios/put-inventories.js';
import { measureLoad, printFigures, startSubject, type LoadFigures, type Subject } from './subject.js';

const HELP = `usage: npm run bench:history -- [options]

Writes a second with the history on and off, in turns, the processor time of a write,
and the bytes that the history keeps of it (docs/adr/0025).

  --write NAME        claims (default) or inventories
  --rounds N          (6) the first one comes after a round that only warms up
  --seconds N         length of one measurement (4)
  --connections N     (32)
  --baseline FOLDER   a built checkout of this repository to measure in the same rounds
`;

const WRITES: Readonly<Record<string, Scenario>> = { claims, inventories: putInventoriesScenario };

interface Measured {
  readonly subject: Subject;
  readonly on: Figures[];
  readonly off: Figures[];
}

interface Figures extends LoadFigures {
  readonly historyBytes: number;
}

interface Options {
  readonly scenario: Scenario;
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
  readonly baseline: string | undefined;
}

function readOptions(): Options | null {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', short: 'h' },
      write: { type: 'string', default: 'claims' },
      rounds: { type: 'string', default: '6' },
      seconds: { type: 'string', default: '4' },
      connections: { type: 'string', default: '32' },
      baseline: { type: 'string' },
    },
  });
  if (values.help === true) return null;
  const scenario = WRITES[values.write];
  if (scenario === undefined) throw new Error(`--write is ${Object.keys(WRITES).join(' or ')}, not ${values.write}`);
  const [rounds, seconds, connections] = [values.rounds, values.seconds, values.connections].map(Number);
  return { scenario, rounds: rounds!, seconds: seconds!, connections: connections!, baseline: values.baseline };
}

/** The service looks whether a history is kept when it is asked for changes. */
async function switchHistory({ sql, service }: Subject, how: 'on' | 'off'): Promise<void> {
  await sql.query(how === 'on' ? 'select history_enable()' : 'select history_disable()');
  const response = await fetch(`${service.url}/stockroom/changes?limit=1`, { headers: headersOf() });
  await response.arrayBuffer();
  if ((response.status === 200) !== (how === 'on')) throw new Error(`the history is not ${how}: ${response.status}`);
}

async function measure(subject: Subject, seconds: number, connections: number): Promise<Figures> {
  const bytes = await historyBytes(subject);
  const figures = await measureLoad(subject, seconds, connections);
  return { ...figures, historyBytes: (await historyBytes(subject)) - bytes };
}

async function historyBytes({ sql }: Subject): Promise<number> {
  const { rows } = await sql.query<{ bytes: string }>(
    `select sum(pg_total_relation_size(inhrelid)) as bytes from pg_inherits
     where inhparent in ('history_changes'::regclass, 'history_requests'::regclass)`,
  );
  return Number(rows[0]?.bytes);
}

function report({ subject, on, off }: Measured): void {
  const ratios = (of: (figures: Figures) => number): number[] => on.map((each, i) => of(each) / of(off[i]!));
  console.log(`${subject.label}: min, median, max of ${on.length} rounds`);
  printFigures(
    'writes a second, on',
    on.map((each) => each.perSecond),
    0,
  );
  printFigures(
    'writes a second, off',
    off.map((each) => each.perSecond),
    0,
  );
  printFigures(
    'writes a second, on / off',
    ratios((each) => each.perSecond),
    3,
  );
  printFigures(
    'processor time of PostgreSQL, µs a write, on',
    on.map((each) => each.postgres),
    0,
  );
  printFigures(
    'processor time of PostgreSQL, µs a write, off',
    off.map((each) => each.postgres),
    0,
  );
  printFigures(
    'processor time of the service, µs a write, on',
    on.map((each) => each.service),
    0,
  );
  printFigures(
    'processor time of the service, µs a write, off',
    off.map((each) => each.service),
    0,
  );
  printFigures(
    'processor time of both, off / on',
    ratios((each) => 1 / (each.postgres + each.service)),
    3,
  );
  const [bytes, writes] = [
    on.reduce((sum, each) => sum + each.historyBytes, 0),
    on.reduce((sum, each) => sum + each.requests, 0),
  ];
  console.log(`  bytes of history a write                       ${Math.round(bytes / writes)}`);
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options === null) {
    console.log(HELP);
    return;
  }
  const { scenario, rounds, seconds, connections, baseline } = options;
  const subjects: Subject[] = [];
  try {
    subjects.push(await startSubject('this', undefined, scenario));
    if (baseline !== undefined)
      subjects.push(await startSubject('baseline', path.resolve(baseline, 'dist/main.js'), scenario));
    const measured = subjects.map((subject): Measured => ({ subject, on: [], off: [] }));
    for (const { service, conversations } of subjects)
      await runLoad({ url: service.url, connections, seconds: 2 }, conversations);
    for (let round = 0; round < rounds; round++) {
      // Which one comes first changes with the round.
      const turned = <T>(list: readonly T[]): readonly T[] => (round % 2 === 0 ? list : list.toReversed());
      for (const how of turned(['on', 'off'] as const)) {
        for (const one of turned(measured)) {
          await switchHistory(one.subject, how);
          one[how].push(await measure(one.subject, seconds, connections));
        }
      }
      const ratios = measured.map(
        ({ subject, on, off }) => `${subject.label} ${(on[round]!.perSecond / off[round]!.perSecond).toFixed(3)}`,
      );
      console.error(`round ${round + 1} of ${rounds}: on / off ${ratios.join(', ')}`);
    }
    measured.forEach(report);
  } finally {
    for (const subject of subjects) await subject.stop();
  }
}

await main();
