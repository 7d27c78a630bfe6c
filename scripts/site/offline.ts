import fs from 'node:fs';
import path from 'node:path';

/** What a browser loads by itself; a link that a reader follows is none of it. */
const LOADS = [
  /<(?:script|img|iframe|source)\b[^>]*\bsrc="((?:https?:)?\/\/[^"]+)"/g,
  /<link\b[^>]*\bhref="((?:https?:)?\/\/[^"]+)"/g,
  /@import\s+["']((?:https?:)?\/\/[^"']+)/g,
  /\burl\(["']?((?:https?:)?\/\/[^"')]+)/g,
];

/** Addresses of other hosts that pages below `folder` load, each with its file. Empty for a site that works without a network. */
export function foreignLoads(folder: string): string[] {
  const names = fs.readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => /\.(html|css)$/.test(name))
    .flatMap((name) => {
      const text = fs.readFileSync(path.join(folder, name), 'utf8');
      return LOADS.flatMap((load) => Array.from(text.matchAll(load), ([, address]) => `${name}: ${address}`));
    });
}
