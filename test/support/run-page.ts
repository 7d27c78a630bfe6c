import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from './process.js';

/** With it the outputs of pages are written again instead of compared. */
const WRITE = process.env['STOCKROOM_TEST_WRITE_PAGES'] !== undefined;

/** A page whose commands are run, one after the other, each after the first `sh` block, which defines what they use. */
export interface Page {
  readonly commands: readonly string[];
  /** Runs every command of the `console` blocks and compares what it prints. CONTROLLER stands for http://controller:8778. */
  run(env: Readonly<Record<string, string>>, mask?: (text: string) => string): Promise<void>;
}

/** @param name of a file in docs/ */
export function openPage(name: string): Page {
  const file = path.join(ROOT, 'docs', name);
  const text = fs.readFileSync(file, 'utf8');
  const definitions = /^```sh\n([^]*?)^```$/m.exec(text)?.[1] ?? '';
  const blocks = text.split(/^(```console\n[^]*?^```$)/m);
  return {
    commands: blocks.flatMap((block) => partsOf(block).map(({ command }) => command)),
    async run(env, mask = (output) => output) {
      for (const [index, block] of blocks.entries()) {
        const parts = partsOf(block);
        if (parts.length === 0) continue;
        let fresh = '```console\n';
        for (const { command, output } of parts) {
          const printed = await shell(
            `${definitions}\n${command}`.replaceAll('http://controller:8778', env['CONTROLLER'] ?? ''),
            env,
          );
          if (!WRITE) assert.equal(mask(printed), mask(output), command);
          fresh += `$ ${command}\n${printed}`;
        }
        blocks[index] = `${fresh}\`\`\``;
      }
      if (WRITE) fs.writeFileSync(file, blocks.join(''));
    },
  };
}

/** A block's commands with what each prints. A command goes on after a backslash at the end of a line. */
function partsOf(block: string): { command: string; output: string }[] {
  const inner = /^```console\n([^]*?)```$/.exec(block)?.[1];
  if (inner === undefined) return [];
  return Array.from(inner.matchAll(/^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)/gm), ([, command = '', output = '']) => ({
    command,
    output,
  }));
}

/** What a command prints, standard error after standard output. */
function shell(script: string, env: Readonly<Record<string, string>>): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('bash', ['-c', script], { env, cwd: env['HOME'], stdio: ['ignore', 'pipe', 'pipe'] });
    let [output, errors] = ['', ''];
    child.stdout.on('data', (text: Buffer) => (output += text.toString()));
    child.stderr.on('data', (text: Buffer) => (errors += text.toString()));
    child.once('error', reject);
    child.once('close', () => {
      resolve(output + errors);
    });
  });
}

/** A folder with programs of the names that a page uses. Returns the PATH with it in front. */
export function withPrograms(folder: string, programs: Readonly<Record<string, string>>): string {
  const bin = path.join(folder, 'bin');
  fs.mkdirSync(bin);
  const all = { stockroom: `exec "${process.execPath}" "${path.join(ROOT, 'dist/main.js')}" "$@"`, ...programs };
  for (const [name, script] of Object.entries(all))
    fs.writeFileSync(path.join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return `${bin}:${process.env['PATH'] ?? ''}`;
}
