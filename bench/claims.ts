import { execFile } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { runLoad } from './load.js';
import { processorSecondsOfAll } from './processor-time.js';
import { claims } from './scenarios/claims.js';
import { measureLoad, printFigures, startSubject, type LoadFigures, type Subject } from './subject.js';

const HELP = `usage: npm run bench:claims -- [options]

Claims a second of the service, and pgbench with the statements of a claim (bench/claim.pgbench.sql) on the same database,
in turns: what share of PostgreSQL's own rate the service reaches, and the processor time of a claim.
Needs pgbench (Debian's postgresql-contrib).

  --rounds N          (6) the first one comes after a round that only warms up
  --seconds N         length of one measurement (4)
  --connections N     of clients and of pgbench (8)
  --baseline FOLDER   a built checkout of this repository to measure in the same rounds
`;

const SCRIPT = fileURLToPath(new URL('claim.pgbench.sql', import.meta.url));

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h' },
    rounds: { type: 'string', default: '6' },
    seconds: { type: 'string', default: '4' },
    connections: { type: 'string', default: '8' },
    baseline: { type: 'string' },
  },
});

interface Measured {
  readonly subject: Subject;
  readonly figures: LoadFigures[];
}

/** Transactions a second, and microseconds of processor time of PostgreSQL of one transaction. */
interface PgbenchFigures {
  readonly perSecond: number;
  readonly postgres: number;
}

async function runPgbench(
  { database, postmaster }: Subject,
  seconds: number,
  connections: number,
): Promise<PgbenchFigures> {
  const before = await processorSecondsOfAll(postmaster);
  const load = ['-c', String(connections), '-j', '2', '-T', String(seconds)];
  const { stdout } = await promisify(execFile)('pgbench', [
    ...['-n', '-M', 'prepared', ...load, '-f', SCRIPT],
    database.connectionString,
  ]);
  const after = await processorSecondsOfAll(postmaster);
  const read = (pattern: RegExp): number => {
    const found = Number(pattern.exec(stdout)?.[1]);
    if (!(found > 0)) throw new Error(`pgbench says: ${stdout}`);
    return found;
  };
  const transactions = read(/actually processed: (\d+)/);
  return { perSecond: read(/tps = ([\d.]+)/), postgres: ((after - before) * 1e6) / transactions };
}

function report(measured: readonly Measured[], alone: readonly PgbenchFigures[]): void {
  console.log(`pgbench: min, median, max of ${alone.length} rounds`);
  printFigures(
    'claims a second',
    alone.map((each) => each.perSecond),
    0,
  );
  printFigures(
    'processor time of PostgreSQL, µs a claim',
    alone.map((each) => each.postgres),
    0,
  );
  for (const { subject, figures } of measured) {
    console.log(subject.label);
    printFigures(
      'claims a second',
      figures.map((each) => each.perSecond),
      0,
    );
    printFigures(
      'share of pgbench',
      figures.map((each, i) => each.perSecond / alone[i]!.perSecond),
      3,
    );
    printFigures(
      'processor time of PostgreSQL, µs a claim',
      figures.map((each) => each.postgres),
      0,
    );
    printFigures(
      'processor time of the service, µs a claim',
      figures.map((each) => each.service),
      0,
    );
  }
  const [own, other] = measured;
  if (own === undefined || other === undefined) return;
  const ratios = (of: (each: LoadFigures) => number): number[] =>
    own.figures.map((each, i) => of(each) / of(other.figures[i]!));
  console.log(`${own.subject.label} / ${other.subject.label}`);
  printFigures(
    'claims a second',
    ratios((each) => each.perSecond),
    3,
  );
  printFigures(
    'processor time of PostgreSQL',
    ratios((each) => each.postgres),
    3,
  );
  printFigures(
    'processor time of both',
    ratios((each) => each.postgres + each.service),
    3,
  );
}

async function main(): Promise<void> {
  const [rounds, seconds, connections] = [values.rounds, values.seconds, values.connections].map(Number) as [
    number,
    number,
    number,
  ];
  const subjects: Subject[] = [];
  try {
    subjects.push(await startSubject('this', undefined, claims));
    if (values.baseline !== undefined)
      subjects.push(await startSubject('baseline', path.resolve(values.baseline, 'dist/main.js'), claims));
    for (const { service, conversations } of subjects)
      await runLoad({ url: service.url, connections, seconds: 2 }, conversations);
    const measured = subjects.map((subject): Measured => ({ subject, figures: [] }));
    const alone: PgbenchFigures[] = [];
    for (let round = 0; round < rounds; round++) {
      // Which one comes first changes with the round.
      for (const { subject, figures } of round % 2 === 0 ? measured : measured.toReversed())
        figures.push(await measureLoad(subject, seconds, connections));
      alone.push(await runPgbench(subjects[0]!, seconds, connections));
      const rates = measured.map(({ subject, figures }) => `${subject.label} ${figures[round]!.perSecond.toFixed(0)}`);
      console.error(
        `round ${round + 1} of ${rounds}: ${rates.join(', ')}, pgbench ${alone[round]!.perSecond.toFixed(0)}`,
      );
    }
    report(measured, alone);
  } finally {
    for (const subject of subjects) await subject.stop();
  }
}

if (values.help === true) console.log(HELP);
else await main();
