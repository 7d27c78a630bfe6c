import fs from 'node:fs';
import readline from 'node:readline';
import { parseArgs } from 'node:util';
import { createChecker, type Anomaly } from './checker.js';
import { parseEvent } from './history.js';
import { runWithKills } from './run.js';

const HELP = `usage: npm run check:linearizable -- [--reads N] [--services N] [--workers N] [--pause SECONDS] [--history FILE]
       npm run check:linearizable -- --check FILE

Clients at several services on one PostgreSQL, while services, workers and PostgreSQL are killed with kill -9 in turn. What
each client saw is checked: no stale read, no lost write, no generation that goes back, no over-allocation.
Exit code 0 when nothing was found wrong. docs/reference/history-of-clients.md has the format of histories.

  --reads N       how many registers and counters it reads (100000), some 14 with one response; 10000000 is the long form
  --services N    service processes (2)
  --workers N     workers of each (2)
  --readers N     clients that read only (16)
  --writers N     clients that write, and read what they wrote (6)
  --pause N       seconds between two kills (3)
  --history FILE  the history is written there
  --check FILE    checks a history that is there; - is standard input`;

const { values } = parseArgs({
  options: {
    reads: { type: 'string', default: '100000' },
    services: { type: 'string', default: '2' },
    workers: { type: 'string', default: '2' },
    readers: { type: 'string', default: '16' },
    writers: { type: 'string', default: '6' },
    pause: { type: 'string', default: '3' },
    history: { type: 'string' },
    check: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (values.help) console.log(HELP);
else process.exitCode = (await (values.check === undefined ? run() : check(values.check))) ? 0 : 1;

async function run(): Promise<boolean> {
  const start = performance.now();
  const { counts, anomalies, surprises, statuses, kills } = await runWithKills({
    services: Number(values.services),
    workers: Number(values.workers),
    crowd: { readers: Number(values.readers), writers: Number(values.writers) },
    reads: Number(values.reads),
    pause: Number(values.pause) * 1000,
    file: values.history ?? null,
    say: console.log,
  });
  for (const [name, times] of kills) console.log(`${times} times kill -9 of ${name}`);
  console.log(`responses by status (0: none): ${JSON.stringify(Object.fromEntries([...statuses].sort()))}`);
  for (const surprise of surprises.slice(0, 50)) console.log(`UNEXPECTED ${surprise}`);
  console.log(`${Math.round((performance.now() - start) / 1000)} s`);
  return report(counts, anomalies) && surprises.length === 0;
}

async function check(file: string): Promise<boolean> {
  const checker = createChecker();
  const input = file === '-' ? process.stdin : fs.createReadStream(file);
  for await (const line of readline.createInterface({ input })) if (line !== '') checker.add(parseEvent(line));
  return report(checker.counts, checker.anomalies);
}

function report(counts: Record<string, number>, anomalies: readonly Anomaly[]): boolean {
  for (const { kind, why, event } of anomalies.slice(0, 50))
    console.log(`ANOMALY ${kind}: ${why} ${JSON.stringify(event)}`);
  const parts = Object.entries(counts).map(([op, count]) => `${count} ${op}`);
  console.log(`ended well: ${parts.join(', ')}; ${anomalies.length} anomalies`);
  return anomalies.length === 0;
}
