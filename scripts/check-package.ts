import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/**
 * Packs the package, installs it in an empty folder elsewhere as npm would from a registry, and uses it there: the command,
 * the service on its embedded PostgreSQL, and the import. Needs the registry. `npm run check:package`
 */
const ROOT = fileURLToPath(new URL('..', import.meta.url));

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stockroom-package-'));
// Root's PostgreSQL runs as another user, who has to get in.
fs.chmodSync(folder, 0o711);
try {
  const [packed] = JSON.parse(npm(ROOT, 'pack', '--json', '--pack-destination', folder)) as [{ filename: string }];
  fs.writeFileSync(path.join(folder, 'package.json'), '{"private": true, "type": "module"}\n');
  npm(folder, 'install', '--no-audit', '--no-fund', `./${packed.filename}`);
  const program = path.join(folder, 'node_modules/.bin/stockroom');
  console.log(`stockroom ${execFileSync(program, ['--version'], { encoding: 'utf8' }).trim()} is installed`);
  rejectMissingConnection(program);
  await serve(program);
  embed();
  console.log('The package serves where it is installed, does not guess a database, and can be embedded.');
} finally {
  fs.rmSync(folder, { recursive: true, force: true });
}

function npm(cwd: string, ...args: string[]): string {
  return execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

async function serve(program: string): Promise<void> {
  const service = spawn(program, ['--port', '0', '--data-dir', path.join(folder, 'data')], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(service, 'exit');
  try {
    const { status } = await fetch(`${await announced(service)}/resource_providers`, {
      headers: { 'x-auth-token': 'admin' },
    });
    if (status !== 200) throw new Error(`GET /resource_providers: ${status}`);
    service.kill('SIGTERM');
    const [code] = (await ended) as [number | null];
    if (code !== 0) throw new Error(`The service ended with ${String(code)}.`);
  } finally {
    service.kill('SIGKILL');
  }
}

/** A configuration that lacks the connection must not become an empty database. */
function rejectMissingConnection(program: string): void {
  const file = path.join(folder, 'placement.conf');
  fs.writeFileSync(file, '[stockroom]\nport = 0\n');
  const { status, stderr } = spawnSync(program, ['--config-file', file], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 20_000,
  });
  if (status !== 1 || !stderr.includes('--embedded')) throw new Error(`It ended with ${String(status)}: ${stderr}`);
}

function announced(service: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    createInterface(service.stdout!).on('line', (line) => {
      console.log(line);
      const [, url] = /listens on (\S+)/.exec(line) ?? [];
      if (url !== undefined) resolve(url);
    });
    service.once('exit', () => {
      reject(new Error('The service ended before it listened.'));
    });
  });
}

function embed(): void {
  const program = `
    import { createService } from 'stockroom';
    const service = await createService();
    if (typeof service.app !== 'function') throw new Error('no application');
    await service.close();`;
  execFileSync(process.execPath, ['--input-type=module', '--eval', program], { cwd: folder, stdio: 'inherit' });
}
