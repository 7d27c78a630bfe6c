import fs from 'node:fs';

/** The version of this program. */
export function version(): string {
  // Beside src/ and dist/ alike.
  const text = fs.readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
