import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Logger } from 'pino';

/** A file of a page, with the data of its response. */
export interface StaticFile {
  readonly body: Buffer;
  readonly contentType: string;
  /** A strong ETag: a digest of the bytes. */
  readonly etag: string;
  /** The headers that limit what the page may load and which pages may frame it. */
  readonly security: Readonly<Record<string, string>>;
  /** A relative URL to which the service redirects instead of sending the body. */
  readonly location?: string;
}

/** Files by path. They need no token. */
export type StaticPages = ReadonlyMap<string, StaticFile>;

/** A page whose files `npm run build` makes. */
export interface StaticPage {
  /** The path of the page, such as `/docs`. Its other files are below this path. Its links are relative, so that the page works below any prefix. */
  readonly at: string;
  /** The name of the page, for the log. */
  readonly what: string;
  /** The files by their path below `at`. The path of the page itself is ''. */
  readonly files: Readonly<Record<string, { readonly file: string; readonly contentType: string }>>;
  readonly security: Readonly<Record<string, string>>;
}

const HTML = { file: 'index.html', contentType: 'text/html; charset=utf-8' };
const STYLE = { file: 'style.css', contentType: 'text/css; charset=utf-8' };

/** A page loads only files beside it. */
const SECURITY = { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' };

/** The API reference for people (api-ref/site/build.ts). */
export const API_REFERENCE: StaticPage = {
  at: '/docs',
  what: 'API reference',
  files: {
    '': HTML,
    '/openapi.json': { file: 'openapi.json', contentType: 'application/json' },
    '/style.css': STYLE,
    '/script.js': { file: 'script.js', contentType: 'text/javascript; charset=utf-8' },
  },
  security: {
    ...SECURITY,
    'content-security-policy':
      "default-src 'none'; style-src 'self'; script-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  },
};

/** The console (console/, scripts/console.js). The browser prevents its script from writing HTML as text (trusted types). */
export const CONSOLE: StaticPage = {
  at: '/console',
  what: 'console',
  files: {
    '': HTML,
    '/app.js': { file: 'app.js', contentType: 'text/javascript; charset=utf-8' },
    '/style.css': STYLE,
    '/icon.svg': { file: 'icon.svg', contentType: 'image/svg+xml' },
  },
  security: {
    ...SECURITY,
    'content-security-policy':
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; " +
      "frame-ancestors 'none'; require-trusted-types-for 'script'",
    'cross-origin-opener-policy': 'same-origin',
  },
};

/** Reads the files of pages from `folder/docs`, `folder/console` and so on, once. Leaves out a page that was not built: the API works without it. */
export function loadPages(folder: string, pages: readonly StaticPage[], log: Logger): StaticPages {
  const files = new Map<string, StaticFile>();
  for (const { at, what, files: ofPage, security } of pages) {
    try {
      const loaded = Object.entries(ofPage).map(([below, { file, contentType }]): [string, StaticFile] => {
        const body = readFileSync(path.join(folder, at, file));
        const digest = createHash('sha256').update(body).digest('base64url').slice(0, 22);
        return [at + below, { body, contentType, etag: `"${digest}"`, security }];
      });
      for (const [name, file] of loaded) files.set(name, file);
      // With a trailing slash the relative links of the page would be wrong, so the service redirects to the path without it.
      const elsewhere = { body: Buffer.alloc(0), contentType: 'text/plain', etag: '""', security };
      files.set(`${at}/`, { ...elsewhere, location: `..${at}` });
    } catch (error) {
      log.warn({ err: error }, `there is no ${what} at ${at}: its files are missing; \`npm run build\` makes them`);
    }
  }
  return files;
}

/** Whether an `if-none-match` header has the ETag of the file (RFC 9110, 13.1.2). */
export function isUnchanged(ifNoneMatch: string | undefined, { etag }: StaticFile): boolean {
  if (ifNoneMatch === undefined) return false;
  const tags = ifNoneMatch.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes('*') || tags.includes(etag);
}
