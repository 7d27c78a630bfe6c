import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Logger } from 'pino';

/** A file of a page, as it is sent. */
export interface StaticFile {
  readonly body: Buffer;
  readonly contentType: string;
  /** Strong: of the bytes. */
  readonly etag: string;
  /** What the page may load and who may frame it. */
  readonly security: Readonly<Record<string, string>>;
  /** Relative, of what to look at instead. */
  readonly location?: string;
}

/** Files by path. They need no token. */
export type StaticPages = ReadonlyMap<string, StaticFile>;

/** A page whose files the build has made. */
export interface StaticPage {
  /** `/docs`. Its other files are below it, and its links are relative, so that it works below any prefix. */
  readonly at: string;
  /** What it is, for the log. */
  readonly what: string;
  /** By path below `at`; that of the page itself is ''. */
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

/** The console (console/, scripts/console.js). Its script writes no HTML as text: the browser sees to that (trusted types). */
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

/** Reads the files of pages from `folder/docs`, `folder/console` and so on, once. A page that was never built is left out: the API works without. */
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
      // It has one address only, or its relative links would lead elsewhere.
      const elsewhere = { body: Buffer.alloc(0), contentType: 'text/plain', etag: '""', security };
      files.set(`${at}/`, { ...elsewhere, location: `..${at}` });
    } catch (error) {
      log.warn({ err: error }, `there is no ${what} at ${at}: its files are missing; \`npm run build\` makes them`);
    }
  }
  return files;
}

/** Whether an `if-none-match` header names what would be sent (RFC 9110, 13.1.2). */
export function isUnchanged(ifNoneMatch: string | undefined, { etag }: StaticFile): boolean {
  if (ifNoneMatch === undefined) return false;
  const tags = ifNoneMatch.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes('*') || tags.includes(etag);
}
