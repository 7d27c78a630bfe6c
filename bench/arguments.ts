import { parseArgs } from 'node:util';
import { scenarios } from './scenarios/index.js';
import type { Scenario } from './scenario.js';

export interface Arguments {
  /** The service to measure; undefined: start the built one. */
  readonly url: string | undefined;
  readonly database: string | undefined;
  readonly reference: string | undefined;
  readonly scenarios: readonly Scenario[];
  readonly seconds: number;
  readonly connections: number;
  readonly repeat: number;
  readonly nodeOptions: readonly string[];
}

export const HELP = `usage: npm run bench -- [--reference URL] [options]

Measures requests per second of this service, of any other Placement and of a bare
node:http server that sends the same bytes, in turn, on the same machine.

  --reference URL     another Placement to compare with
  --url URL           measure a running service; without it the built one is started
  --database URL      PostgreSQL for the service that is started (default: an embedded
                      one in a temporary folder); it keeps what the benchmark creates
  --scenario NAME     only this one (repeatable)
  --seconds N         length of one measurement (3)
  --connections N     requests under way at a time, where the scenario does not say (16)
  --repeat N          measurements of each server in each scenario (5)
  --node-option TEXT  for the service that is started, e.g. --node-option=--cpu-prof

Scenarios:
${scenarios.map(({ name, about }) => `  ${name.padEnd(18)}  ${about}`).join('\n')}
`;

/** @throws Error with a message for the user; null when help is asked for */
export function readArguments(argv: readonly string[]): Arguments | null {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      help: { type: 'boolean', short: 'h' },
      url: { type: 'string' },
      database: { type: 'string' },
      reference: { type: 'string' },
      scenario: { type: 'string', multiple: true },
      seconds: { type: 'string', default: '3' },
      connections: { type: 'string', default: '16' },
      repeat: { type: 'string', default: '5' },
      'node-option': { type: 'string', multiple: true, default: [] },
    },
  });
  if (values.help === true) return null;
  return {
    url: withoutSlash(values.url),
    database: values.database,
    reference: withoutSlash(values.reference),
    scenarios: values.scenario?.map(scenarioByName) ?? scenarios,
    seconds: positive('seconds', values.seconds),
    connections: Math.ceil(positive('connections', values.connections)),
    repeat: Math.ceil(positive('repeat', values.repeat)),
    nodeOptions: values['node-option'],
  };
}

function withoutSlash(url: string | undefined): string | undefined {
  return url?.replace(/\/+$/, '');
}

function scenarioByName(name: string): Scenario {
  const found = scenarios.find((scenario) => scenario.name === name);
  if (found === undefined) {
    throw new Error(`there is no scenario ${name}; there are ${scenarios.map((scenario) => scenario.name).join(', ')}`);
  }
  return found;
}

function positive(name: string, text: string): number {
  const number = Number(text);
  if (!(number > 0)) throw new Error(`--${name} needs a number above 0, not ${text}`);
  return number;
}
