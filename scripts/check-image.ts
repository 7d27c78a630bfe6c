import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startEmbedded } from '../src/db/embedded.js';

/**
 * Does what the Dockerfile says without a Docker engine: its stages are folders, its commands run in them, what it copies is
 * copied and nothing else, and its last command serves, as a user who may write nothing there, until its health check
 * passes. What only an engine can show, the base image and its packages, is not seen. `npm run check:image`
 */
interface Stage {
  readonly folder: string;
  readonly env: Record<string, string>;
  workdir: string;
  user: string | null;
  command: readonly string[];
  healthCheck: readonly string[];
}

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const NOBODY = 65_534;
const PORT = '18778';

// Neither below a home folder, which other users may not enter, nor in one with that sort of mode.
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'stockroom-image-'));
fs.chmodSync(scratch, 0o755);
try {
  const stage = build(instructions(fs.readFileSync(path.join(ROOT, 'Dockerfile'), 'utf8')));
  if (stage.user === null || stage.user === 'root') throw new Error('The image runs as root.');
  await serve(stage);
  console.log('The image serves, as a user of its own, and ends well.');
} finally {
  fs.rmSync(scratch, { recursive: true, force: true });
}

function instructions(text: string): [string, string][] {
  const lines = text.replaceAll(/\\\n\s*/g, '').split('\n');
  return lines
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? [];
      return [name, rest];
    });
}

/** Answers the last stage. */
function build(lines: readonly [string, string][]): Stage {
  const stages = new Map<string, Stage>();
  let stage: Stage | undefined;
  for (const [name, rest] of lines) {
    if (name === 'FROM') {
      const folder = path.join(scratch, String(stages.size));
      fs.mkdirSync(folder);
      stage = { folder, env: {}, workdir: '/', user: null, command: [], healthCheck: [] };
      stages.set(/ AS (\w+)$/i.exec(rest)?.[1] ?? String(stages.size), stage);
      continue;
    }
    if (stage === undefined) throw new Error(`${name} before FROM`);
    console.log(`${name} ${rest}`);
    follow(stage, name, rest, stages);
  }
  if (stage === undefined) throw new Error('There is no FROM.');
  return stage;
}

function follow(stage: Stage, name: string, rest: string, stages: ReadonlyMap<string, Stage>): void {
  const here = path.join(stage.folder, stage.workdir);
  switch (name) {
    case 'WORKDIR':
      stage.workdir = rest;
      fs.mkdirSync(path.join(stage.folder, rest), { recursive: true });
      return;
    case 'ENV': {
      const [, key = '', value = ''] = /^(\w+)=(.*)$/.exec(rest) ?? [];
      stage.env[key] = value;
      return;
    }
    case 'COPY':
      copy(here, rest, stages);
      return;
    case 'RUN':
      execFileSync('sh', ['-ec', rest], { cwd: here, stdio: 'inherit', env: { ...process.env, ...stage.env } });
      return;
    case 'USER':
      stage.user = rest;
      return;
    case 'ENTRYPOINT':
      stage.command = JSON.parse(rest) as string[];
      return;
    case 'HEALTHCHECK':
      stage.healthCheck = JSON.parse(rest.slice(rest.indexOf('['))) as string[];
      return;
    case 'EXPOSE':
      return;
    default:
      throw new Error(`This check does not know what ${name} does: teach it (scripts/check-image.ts).`);
  }
}

/** A folder is copied as what is in it, a file below the name that is given unless that ends with a slash. */
function copy(here: string, rest: string, stages: ReadonlyMap<string, Stage>): void {
  const words = rest.split(' ');
  const from = /^--from=(\w+)$/.exec(words[0] ?? '')?.[1];
  const sources = words.slice(from === undefined ? 0 : 1, -1);
  const base = from === undefined ? ROOT : (stages.get(from)?.folder ?? '');
  const target = path.resolve(here, words.at(-1) ?? '');
  for (const source of sources) {
    const found = path.join(base, source);
    const intoFolder = rest.endsWith('/') && fs.statSync(found).isFile();
    fs.cpSync(found, intoFolder ? path.join(target, path.basename(source)) : target, { recursive: true });
  }
}

async function serve(stage: Stage): Promise<void> {
  const database = await startEmbedded({ dataDir: path.join(scratch, 'database'), settings: { fsync: 'off' } });
  const env = {
    PATH: process.env['PATH'] ?? '',
    ...stage.env,
    STOCKROOM_PORT: PORT,
    OS_API__AUTH_STRATEGY: 'noauth2',
    OS_PLACEMENT_DATABASE__CONNECTION: database.connectionString,
  };
  const identity = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  const cwd = path.join(stage.folder, stage.workdir);
  const [program = '', ...args] = stage.command;
  const service = spawn(program, args, { cwd, env, stdio: 'inherit', ...identity });
  try {
    const [check = '', ...checkArgs] = stage.healthCheck;
    await untilHealthy(() => {
      if (service.exitCode !== null) throw new Error(`The service ended with ${service.exitCode}.`);
      return execFileSync(check, checkArgs, { cwd, env, stdio: 'ignore', ...identity });
    });
    const ended = once(service, 'exit');
    service.kill('SIGTERM');
    const [code] = (await ended) as [number | null];
    if (code !== 0) throw new Error(`The service ended with ${String(code)} on SIGTERM.`);
  } finally {
    service.kill('SIGKILL');
    await database.stop();
  }
}

async function untilHealthy(check: () => unknown): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      check();
      return;
    } catch (error) {
      if (attempt === 60 || (error as { status?: number }).status === undefined) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}
