import { createClient, headersOf } from './client.js';
import { runLoad, type LoadResult } from './load.js';
import type { Conversations, Scenario, World } from './scenario.js';
import type { BareServer } from './servers.js';

/** Requests per second of one server in one scenario. */
export interface Figures {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

export interface Measured {
  readonly scenario: Scenario;
  readonly service: Figures;
  readonly reference: Figures | null;
  readonly bare: Figures | null;
  /** The failures, in words; empty when the figures are valid. */
  readonly faults: readonly string[];
}

export interface Targets {
  readonly service: string;
  readonly reference: string | undefined;
  readonly bare: BareServer;
}

export interface MeasureOptions {
  readonly seconds: number;
  readonly connections: number;
  readonly repeat: number;
  readonly say: (line: string) => void;
}

interface Target {
  readonly label: 'service' | 'reference' | 'bare';
  readonly url: string;
  readonly conversations: Conversations;
  readonly cleanUp?: () => Promise<void>;
  readonly results: LoadResult[];
}

/**
 * Measures the servers in turn, again and again: what else the machine does meanwhile falls on all of them. The first round
 * only warms up.
 */
export async function measure(scenario: Scenario, targets: Targets, options: MeasureOptions): Promise<Measured> {
  const { say, repeat } = options;
  const connections = scenario.connections ?? options.connections;
  const measured = await prepareTargets(scenario, targets, say);
  for (let round = 0; round <= repeat; round++) {
    for (const { label, url, conversations, results } of measured) {
      say(`${scenario.name}: ${round === 0 ? 'warming up' : `${round} of ${repeat},`} ${label}`);
      const seconds = round === 0 ? Math.min(options.seconds, 2) : options.seconds;
      results.push(await runLoad({ url, connections, seconds }, conversations));
    }
  }
  for (const { cleanUp } of measured) await cleanUp?.();
  const figuresOf = (label: Target['label']): Figures | null => {
    const target = measured.find((candidate) => candidate.label === label);
    return target === undefined ? null : figures(target.results.slice(1).map((result) => result.requestsPerSecond));
  };
  return {
    scenario,
    service: figuresOf('service')!,
    reference: figuresOf('reference'),
    bare: figuresOf('bare'),
    faults: measured.flatMap(faultsOf),
  };
}

async function prepareTargets(scenario: Scenario, targets: Targets, say: (line: string) => void): Promise<Target[]> {
  const prepare = async (url: string): Promise<Partial<World> & { conversations: Conversations }> => {
    const world = await scenario.prepare(createClient(url, say));
    return typeof world === 'function' ? { conversations: world } : world;
  };
  say(`${scenario.name}: building its world`);
  const ours = await prepare(targets.service);
  const all: Target[] = [{ label: 'service', url: targets.service, ...ours, results: [] }];
  if (scenario.bare) {
    await imitate(targets.bare, targets.service, ours.conversations);
    all.push({ label: 'bare', url: targets.bare.url, conversations: ours.conversations, results: [] });
  }
  if (targets.reference !== undefined) {
    const theirs = await prepare(targets.reference);
    all.push({ label: 'reference', url: targets.reference, ...theirs, results: [] });
  }
  return all;
}

/** Has the bare server send what the service returns for the first request. Connection headers are the server's own. */
async function imitate(bare: BareServer, service: string, conversations: Conversations): Promise<void> {
  const request = conversations(0).next();
  const response = await fetch(service + request.path, { headers: headersOf(request) });
  const own = new Set(['date', 'connection', 'keep-alive']);
  const headers = Object.fromEntries([...response.headers].filter(([name]) => !own.has(name)));
  await bare.response({ headers, body: await response.text() });
}

function figures(rates: number[]): Figures {
  const sorted = rates.toSorted((a, b) => a - b);
  return { min: sorted[0]!, median: sorted[Math.floor(sorted.length / 2)]!, max: sorted.at(-1)! };
}

function faultsOf({ label, results }: Target): string[] {
  const wrong = results.reduce((sum, result) => sum + result.wrong, 0);
  const example = results.find((result) => result.example !== null)?.example ?? '';
  return wrong === 0 ? [] : [`${label}: ${wrong} wrong responses, such as ${example}`];
}
