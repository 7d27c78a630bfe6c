import type { ChildProcess } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { readFileSync } from 'node:fs';
import { setImmediate, setTimeout } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { startTestServers, stopTestServers } from './database.js';
import { patience } from './patience.js';

const { jobs } = JSON.parse(readFileSync(new URL('../../.mocharc.json', import.meta.url), 'utf8')) as { jobs: number };

export const mochaGlobalSetup = (): Promise<void> => startTestServers(jobs);
export const mochaGlobalTeardown = stopTestServers;

// Node.js does not list threads, and it does not list a process that is unreferenced: each is remembered when it starts.
const processes = new Set<ChildProcess>();
const threads = new Set<Worker>();
subscribe('child_process', (message) => {
  if (!isOfCompiler()) processes.add((message as { process: ChildProcess }).process);
});
subscribe('worker_threads', (message) => {
  if (!isOfCompiler()) threads.add((message as { worker: Worker }).worker);
});

/**
 * Whether esbuild, with which tsx compiles what a test imports, starts this thread or process: it has one of each for the life of the process, and
 * unreferences them.
 */
function isOfCompiler(): boolean {
  return new Error().stack?.includes('/node_modules/esbuild/') ?? false;
}

/** The resources of Node.js that keep a process alive and that a test closes, by the names that Node.js gives them. */
const HANDLES = {
  TCPServerWrap: 'server',
  TCPSocketWrap: 'socket',
  TLSWrap: 'TLS socket',
  PipeWrap: 'pipe or Unix socket',
  UDPWrap: 'UDP socket',
  FSEventWrap: 'watched file',
  StatWatcher: 'polled file',
  Timeout: 'timer',
};
/** The timer with which mocha limits the time of the hook that counts. */
const OWN_TIMERS = 1;

function countHandles(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of process.getActiveResourcesInfo()) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

// Node.js opens these two when they are used first: before the first count, so that a test that prints does not seem to leak.
process.stdout.write('');
process.stderr.write('');
let before = countHandles();
before.set('Timeout', OWN_TIMERS);
let file = '';

function listOpen(): string[] {
  const now = countHandles();
  const handles = Object.entries(HANDLES)
    .map(([name, words]) => [words, (now.get(name) ?? 0) - (before.get(name) ?? 0)] as const)
    .filter(([, more]) => more > 0)
    .map(([words, more]) => `${more} ${words}`);
  for (const child of processes)
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) processes.delete(child);
  for (const thread of threads) if (thread.threadId === -1) threads.delete(thread);
  return [
    ...handles,
    ...[...processes].map(({ pid, spawnargs }) => `process ${pid} (${spawnargs.join(' ')})`),
    ...[...threads].map(({ threadId }) => `thread ${threadId}`),
  ];
}

/**
 * What the tests of a file open and do not close fails the file. mocha runs files in processes that it kills at the end: without this check a leak would
 * pass unseen there, with or without mocha's option `exit`. What closes by itself has a moment for that.
 */
export const mochaHooks = {
  beforeEach(this: Mocha.Context): void {
    file = this.currentTest?.file ?? '';
  },
  async afterAll(): Promise<void> {
    // mocha starts its timer when the hook has returned a promise.
    await setImmediate();
    for (const deadline = performance.now() + patience(6000); listOpen().length > 0 && performance.now() < deadline;)
      await setTimeout(20);
    const left = listOpen();
    // The next file in this process does not fail for what this one leaves.
    before = countHandles();
    processes.clear();
    threads.clear();
    if (left.length > 0) throw new Error(`the tests of ${file} leave open: ${left.join(', ')}`);
  },
};

// Mocha's processes exchange failures as JSON, and a value that JSON cannot represent would end the whole run.
Object.assign(BigInt.prototype, { toJSON: (): string => 'a bigint' });
