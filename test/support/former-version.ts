import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { symlink } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { ROOT, temporaryFolder } from './process.js';

const run = promisify(execFile);

/** The newest migration, by the name of its file. */
export function newestMigration(): string {
  return readdirSync(path.join(ROOT, 'migrations'))
    .filter((name) => name.endsWith('.js'))
    .sort()
    .at(-1)!;
}

/**
 * The commit before the one that brought the newest migration; HEAD while that is not committed. Null where git, or that part of its history,
 * is not there: in a package, or in a shallow clone.
 */
export async function formerCommit(): Promise<string | null> {
  const git = async (...args: string[]): Promise<string> => (await run('git', args, { cwd: ROOT })).stdout.trim();
  try {
    const added = await git('log', '-1', '--format=%H', '--diff-filter=A', '--', `migrations/${newestMigration()}`);
    return await git('rev-parse', '--verify', '--quiet', added === '' ? 'HEAD' : `${added}^`);
  } catch {
    return null;
  }
}

/** Builds a commit, without checking its types, with the packages that are installed here. Returns its folder. */
export async function buildCommit(commit: string): Promise<string> {
  const folder = await temporaryFolder();
  await run(
    'sh',
    ['-c', 'git archive "$1" src migrations package.json api-ref | tar -x -C "$2"', '-', commit, folder],
    { cwd: ROOT },
  );
  await symlink(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
  await build({
    entryPoints: [path.join(folder, 'src/**/*.ts')],
    outdir: path.join(folder, 'dist'),
    format: 'esm',
    platform: 'node',
    target: 'node20',
    logLevel: 'error',
  });
  return folder;
}
