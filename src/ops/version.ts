import fs from 'node:fs';

/** The version of this program. */
export function version(): string {
  // package.json is next to src/ and to dist/, so the path is the same from both.
  const text = fs.readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
