import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import type { Machine } from './machine.js';

/** One shell for the commands of a page, as its reader has one: variables live on from block to block. */
export interface Shell {
  /** @returns what the commands print, and whether each of them ended well within so many minutes */
  run(commands: string, minutes: number): Promise<{ output: string; ok: boolean }>;
  close(): Promise<void>;
}

export async function openShell(machine: Machine, env: Readonly<Record<string, string>>): Promise<Shell> {
  const [program = '', ...words] = machine.enter(env);
  const child = spawn(program, [...words, 'bash', '-e', '-u', '-o', 'pipefail'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(child, 'spawn');
  let output = '';
  let onOutput = (): void => undefined;
  child.stdout.on('data', (text: Buffer) => {
    output += text.toString();
    onOutput();
  });
  const closed = once(child, 'close').then(() => false);
  // Writing fails when the shell has ended; `closed` tells.
  child.stdin.on('error', () => undefined);
  child.stdin.write('exec 2>&1\ncd /root\n');
  let count = 0;

  return {
    async run(commands, minutes) {
      const name = `/run/install-block-${++count}.sh`;
      fs.writeFileSync(machine.file(name), commands);
      const marker = `-- block ${count} has ended --`;
      output = '';
      const succeeds = new Promise<boolean>((resolve) => {
        onOutput = () => {
          if (output.endsWith(`${marker}\n`)) resolve(true);
        };
      });
      let timer;
      const isLate = new Promise<boolean>((resolve) => {
        timer = setTimeout(() => {
          output += `\nIt has not ended after ${minutes} minutes.`;
          resolve(false);
        }, minutes * 60_000);
      });
      // Commands that read standard input must not read the shell's.
      child.stdin.write(`. ${name} </dev/null\necho '${marker}'\n`);
      const ok = await Promise.race([succeeds, closed, isLate]);
      clearTimeout(timer);
      return { output: output.replace(marker, '').trimEnd(), ok };
    },
    async close() {
      child.stdin.end();
      await closed;
    },
  };
}
