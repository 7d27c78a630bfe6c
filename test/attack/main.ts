import { parseArgs } from 'node:util';
import { ask } from './ask.js';
import type { Attempt } from './attempt.js';
import { mutator, sequence } from './attempts/bytes.js';
import { pipelining, silent, slow, smallChunks } from './attempts/connections.js';
import { bodies, identifiers, nesting, searches, tokens } from './attempts/requests.js';
import { alone, together, type Outcome } from './campaign.js';
import { startNeighbour } from './neighbour.js';
import { largestMemory, startOwnService } from './own-service.js';
import { table } from './report.js';
import { buildWorld } from './world.js';

const ATTEMPTS: readonly Attempt[] = [
  sequence,
  mutator,
  slow,
  silent,
  pipelining,
  smallChunks,
  bodies,
  nesting,
  identifiers,
  searches,
  tokens,
];

const HELP = `usage: npm run attack -- [--url URL] [--minutes N] [--only TEXT] [--together] [--clients N]

Attacks a service over HTTP and prints a table: each attempt, how often it was made, what happened, and how a client that
behaves well was served meanwhile. Attack only what is yours. It creates providers whose names begin with attack-, and
removes them in the end.

Exit code 0 when the service is there afterwards, every request was handled as it should be, and the bounds were kept.

  --url URL       the service; without it, one is started, with a database, and its memory is measured
  --minutes N     how long, for all attempts together (1)
  --only TEXT     attempts whose name has this in it
  --except TEXT   attempts whose name has not (repeatable)
  --together      all attempts at the same time, by clients that pause now and then: a soak
  --clients N     how many clients make them together (3000)
  --pause N       mean pause of each of these clients before an attempt, in seconds (10)
  --token TOKEN   the token of good requests (admin)
  --max-rss N     MB that the service may use, when it was started here and --together is given (600)
  --max-p99 N     milliseconds of the well-behaved client, with --together (250)`;

const { values } = parseArgs({
  options: {
    url: { type: 'string' },
    minutes: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    except: { type: 'string', multiple: true, default: [] },
    together: { type: 'boolean', default: false },
    clients: { type: 'string', default: '3000' },
    pause: { type: 'string', default: '10' },
    token: { type: 'string', default: 'admin' },
    'max-rss': { type: 'string', default: '600' },
    'max-p99': { type: 'string', default: '250' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (values.help) console.log(HELP);
else process.exitCode = (await attack()) ? 0 : 1;

async function attack(): Promise<boolean> {
  const attempts = ATTEMPTS.filter(
    ({ name }) => name.includes(values.only) && !values.except.some((text) => name.includes(text)),
  );
  if (attempts.length === 0) throw new Error(`no attempt has ${values.only} in its name`);
  const own = values.url === undefined ? await startOwnService() : null;
  const url = (own?.url ?? values.url ?? '').replace(/\/$/, '');
  let counter = 0;
  const place = { url, token: values.token, prefix: `attack-${Date.now()}-`, next: () => counter++ };
  const patient = { ...place, over: new AbortController().signal };
  const milliseconds = Number(values.minutes) * 60_000;
  try {
    const world = await buildWorld(patient);
    const neighbour = startNeighbour(url, values.token, world.host);
    const outcomes: Outcome[] = [];
    if (values.together) {
      const manner = { clients: Number(values.clients), pauseMs: Number(values.pause) * 1000, ms: milliseconds };
      outcomes.push(...(await together(attempts, place, neighbour, manner)));
    } else {
      for (const attempt of attempts) {
        outcomes.push(await alone(attempt, place, neighbour, milliseconds / attempts.length));
      }
    }
    await neighbour.stop();
    console.log(table(outcomes));
    const wrong = failuresIn(outcomes);
    if ((await ask(patient, 'GET', '/')).status !== 200) wrong.push('the service does not respond');
    if (own !== null && !own.hasEnded()) {
      const memory = largestMemory(own.pid);
      console.log(`the service used up to ${memory} MB`);
      if (values.together && memory > Number(values['max-rss']))
        wrong.push(`that is more than ${values['max-rss']} MB`);
    }
    if (own?.hasEnded() === true) wrong.push(`the service has ended: ${own.errors().slice(-2000)}`);
    if (own !== null && /was not handled by any code/.test(own.errors())) wrong.push(own.errors().slice(-4000));
    if (own === null) await world.remove();
    for (const one of wrong) console.log(`WRONG: ${one}`);
    return wrong.length === 0;
  } finally {
    await own?.stop();
  }
}

function failuresIn(outcomes: readonly Outcome[]): string[] {
  const wrong: string[] = [];
  for (const { name, happened } of outcomes) {
    for (const [what, count] of happened) {
      if (what.startsWith('WRONG') || what === '500') wrong.push(`${name}: ${count} x ${what}`);
    }
  }
  const p99 = outcomes[0]?.served.p99 ?? 0;
  if (values.together && p99 > Number(values['max-p99'])) wrong.push(`the well-behaved client had a p99 of ${p99} ms`);
  return wrong;
}
