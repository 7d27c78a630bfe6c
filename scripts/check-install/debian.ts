import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startInNamespaces } from './namespaces.js';

export interface StartingDebian {
  /** The archive. Fails with what was printed when it cannot be made, or is stopped before. */
  readonly made: Promise<string>;
  stop(): Promise<void>;
}

const SCRIPT = fileURLToPath(new URL('debian.sh', import.meta.url));

/** Makes the files of a Debian 13 with mmdebstrap, once for all machines. @param folder for the archive, about 300 MB */
export function makeDebian(folder: string): StartingDebian {
  const archive = path.join(folder, 'debian.tar');
  const child = startInNamespaces(SCRIPT, [archive, fs.mkdtempSync(path.join(folder, 'debian-'))]);
  const closed = once(child, 'close') as Promise<[number | null]>;
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text: Buffer) => {
      output += text.toString();
    });
  }

  async function make(): Promise<string> {
    const [code] = await closed;
    if (code !== 0) throw new Error(`A Debian cannot be made:\n${output}`);
    return archive;
  }

  return {
    made: make(),
    async stop() {
      child.kill('SIGKILL');
      await closed;
    },
  };
}
