import type { IncomingHttpHeaders } from 'node:http';
import { withoutTrailing } from '../strip.js';

/**
 * What a proxy in front says of the request it passes on. Believed only with [oslo_middleware]
 * enable_proxy_headers_parsing: any client can send these headers. A value that is not of the right form is as good as none.
 */
export interface Forwarded {
  readonly scheme: string | null;
  readonly host: string | null;
  /** Address of the client, for the log. */
  readonly client: string | null;
  /** Path that the proxy serves this service under, '' for none. It comes before the path it is mounted under here. */
  readonly prefix: string;
}

/** The first element is the one nearest to the client. `Forwarded` goes before the X-Forwarded-... it replaced. */
export function readForwarded(headers: IncomingHttpHeaders): Forwarded {
  const pairs = headers.forwarded === undefined ? null : firstElement(headers.forwarded);
  const value = (name: string): string | null =>
    pairs === null ? first(headers[`x-forwarded-${name}`]) : (pairs.get(name) ?? null);
  return {
    scheme: checked(value('proto')?.toLowerCase(), /^https?$/),
    host: checked(value('host'), /^([\w.-]+|\[[\da-f:.]+\])(:\d{1,5})?$/i),
    client: checked(value('for'), /^[\w.:[\]%-]{1,64}$/),
    prefix:
      checked(withoutTrailing(first(headers['x-forwarded-prefix']) ?? '', '/'), /^(\/[\w.~!$&'()*+;=:@%-]+)+$/) ?? '',
  };
}

/** The path this service is mounted under as its clients see it, '' at the root. */
export function prefixOf(mountedAt: string, forwarded: Forwarded | null): string {
  return forwarded === null ? mountedAt : forwarded.prefix + mountedAt;
}

/** `for=192.0.2.1;proto=https;host="a.example:8778", for=...` */
function firstElement(header: string): Map<string, string> {
  const pairs = new Map<string, string>();
  const pair = /\s*([\w!#$%&'*+.^`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*))\s*(;|,|$)/y;
  for (let found = pair.exec(header); found !== null; found = pair.exec(header)) {
    const [, name = '', quoted, plain = '', end] = found;
    pairs.set(name.toLowerCase(), quoted?.replaceAll(/\\(.)/g, '$1') ?? plain);
    if (end !== ';') break;
  }
  return pairs;
}

function first(header: string | string[] | undefined): string | null {
  return [header ?? []].flat()[0]?.split(',', 1)[0]?.trim() ?? null;
}

function checked(value: string | null | undefined, form: RegExp): string | null {
  return value !== null && value !== undefined && form.test(value) ? value : null;
}
