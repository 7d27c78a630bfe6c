import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BareResponse } from './bare-server.js';

/** The servers that the benchmark starts itself, each a process of its own so that it has a core to itself. */
export interface StartedServer {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));

/**
 * The built service, on a database of ours or on an embedded one in a temporary folder.
 *
 * @param options of its configuration, as variables of the environment
 * @param main of another checkout
 */
export async function startService(
  databaseUrl: string | undefined,
  nodeOptions: readonly string[],
  options: Readonly<Record<string, string>> = {},
  main = MAIN,
): Promise<StartedServer> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'stockroom-bench-'));
  const database = databaseUrl === undefined ? {} : { OS_PLACEMENT_DATABASE__CONNECTION: databaseUrl };
  const child = spawn(process.execPath, [...nodeOptions, main, '--port', '0', '--data-dir', folder], {
    env: { ...process.env, ...database, STOCKROOM_LOG_LEVEL: 'warn', ...options },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    return {
      url: await announcedUrl(child),
      pid: child.pid!,
      async stop() {
        await end(child, 'SIGTERM');
        await rm(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** The address in the line with which the service greets. */
function announcedUrl(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      const url = /listens on (\S+)/.exec(output)?.[1];
      if (url !== undefined) resolve(url);
    });
    child.once('error', reject);
    child.once('exit', () => {
      reject(new Error(`the service ended before it listened (npm run build?):\n${output}`));
    });
  });
}

export interface BareServer extends StartedServer {
  /** What it returns from now on. */
  response(response: BareResponse): Promise<void>;
}

export async function startBareServer(): Promise<BareServer> {
  const child = fork(new URL('./bare-server.ts', import.meta.url), { stdio: 'inherit' });
  const [port] = (await once(child, 'message')) as [number];
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid!,
    async response(response) {
      child.send(response);
      await once(child, 'message');
    },
    stop: () => end(child, 'SIGKILL'),
  };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}
