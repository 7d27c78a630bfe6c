import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { startTestServers, stopTestServers } from './database.js';
import { patience } from './patience.js';

const { jobs } = JSON.parse(readFileSync(new URL('../../.mocharc.json', import.meta.url), 'utf8')) as { jobs: number };

export const mochaGlobalSetup = (): Promise<void> => startTestServers(jobs);
export const mochaGlobalTeardown = stopTestServers;

/** What keeps a process alive and is a test's to close: listeners, connections, processes, threads. */
const OPENED = ['TCPServerWrap', 'TCPSocketWrap', 'TLSWrap', 'PipeWrap', 'ProcessWrap', 'Worker'];
const opened = (): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const name of process.getActiveResourcesInfo()) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
};

let before = opened();
let file = '';

/** Around each file: what it opened and did not close fails it. Connections that close by themselves have a moment for that. */
export const mochaHooks = {
  beforeAll(): void {
    before = opened();
  },
  beforeEach(this: Mocha.Context): void {
    file = this.currentTest?.file ?? '';
  },
  async afterAll(): Promise<void> {
    const left = (): string[] => {
      const now = opened();
      return OPENED.map((name) => [name, (now.get(name) ?? 0) - (before.get(name) ?? 0)] as const)
        .filter(([, more]) => more > 0)
        .map(([name, more]) => `${more} ${name}`);
    };
    for (const deadline = performance.now() + patience(6000); left().length > 0 && performance.now() < deadline;)
      await setTimeout(20);
    if (left().length > 0) throw new Error(`the tests of ${file} left open: ${left().join(', ')}`);
  },
};

// Mocha's processes tell each other of failures in JSON, and a value that JSON cannot say would end the whole run.
Object.assign(BigInt.prototype, { toJSON: (): string => 'a bigint' });
