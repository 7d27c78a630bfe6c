import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Logger } from 'pino';

/** A file of the API reference, as it is sent. */
export interface DocsPage {
  readonly body: Buffer;
  readonly contentType: string;
  /** Strong: of the bytes. */
  readonly etag: string;
  /** Relative, of what to look at instead. */
  readonly location?: string;
}

/** The API reference for people, by path; anybody may read it. The build makes the files (api-ref/site/build.ts). */
export type DocsPages = ReadonlyMap<string, DocsPage>;

const FILES = [
  ['/docs', 'index.html', 'text/html; charset=utf-8'],
  ['/docs/openapi.json', 'openapi.json', 'application/json'],
  ['/docs/style.css', 'style.css', 'text/css; charset=utf-8'],
  ['/docs/script.js', 'script.js', 'text/javascript; charset=utf-8'],
] as const;

/** The page loads what lies beside it, and nothing from anywhere else. */
export const CONTENT_SECURITY_POLICY =
  "default-src 'none'; style-src 'self'; script-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Reads them from a folder, once. Null when they were never built: the API works without. */
export function loadDocs(folder: string, log: Logger): DocsPages | null {
  try {
    const pages = new Map<string, DocsPage>();
    for (const [at, file, contentType] of FILES) {
      const body = readFileSync(path.join(folder, file));
      const digest = createHash('sha256').update(body).digest('base64url').slice(0, 22);
      pages.set(at, { body, contentType, etag: `"${digest}"` });
    }
    // The links of the page are relative, so that it works below any prefix: it has one address only.
    pages.set('/docs/', { body: Buffer.alloc(0), contentType: 'text/plain', etag: '""', location: '../docs' });
    return pages;
  } catch (error) {
    log.warn({ err: error }, 'there is no API reference at /docs: its files are missing; `npm run build` makes them');
    return null;
  }
}

/** Whether an `if-none-match` header names what would be sent (RFC 9110, 13.1.2). */
export function isUnchanged(ifNoneMatch: string | undefined, { etag }: DocsPage): boolean {
  if (ifNoneMatch === undefined) return false;
  const tags = ifNoneMatch.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes('*') || tags.includes(etag);
}
