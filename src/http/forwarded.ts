import type { IncomingHttpHeaders } from 'node:http';
import { withoutTrailing } from '../trim-end.js';

/**
 * The headers in which a proxy describes the original request. The service trusts them only with [oslo_middleware]
 * enable_proxy_headers_parsing, because any client can send them. It ignores malformed values.
 */
export interface Forwarded {
  readonly scheme: string | null;
  readonly host: string | null;
  /** Address of the client, for the log. Where the proxy appends to what the client sent, the client can choose it. */
  readonly client: string | null;
  /** The addresses in the last element of each such header. The nearest proxy wrote one of them. */
  readonly nearest: readonly string[];
  /** Path that the proxy serves this service under, '' for none. It comes before the path it is mounted under here. */
  readonly prefix: string;
}

/** The first element is the one nearest to the client. `Forwarded` goes before the X-Forwarded-... it replaced. */
export function readForwarded(headers: IncomingHttpHeaders): Forwarded {
  const elements = headers.forwarded === undefined ? [] : elementsOf(headers.forwarded);
  const pairs = headers.forwarded === undefined ? null : (elements[0] ?? new Map<string, string>());
  const value = (name: string): string | null =>
    pairs === null ? first(headers[`x-forwarded-${name}`]) : (pairs.get(name) ?? null);
  return {
    scheme: checked(value('proto')?.toLowerCase(), /^https?$/),
    host: checked(value('host'), /^([\w.-]+|\[[\da-f:.]+\])(:\d{1,5})?$/i),
    client: checked(value('for'), ADDRESS),
    nearest: [elements.at(-1)?.get('for'), last(headers['x-forwarded-for'])].flatMap((address) => {
      const known = checked(address, ADDRESS);
      return known === null ? [] : [withoutPort(known)];
    }),
    prefix:
      checked(withoutTrailing(first(headers['x-forwarded-prefix']) ?? '', '/'), /^(\/[\w.~!$&'()*+;=:@%-]+)+$/) ?? '',
  };
}

const ADDRESS = /^[\w.:[\]%-]{1,64}$/;

/** `192.0.2.1:4711` and `[2001:db8::1]:4711`: each connection has another port. */
function withoutPort(address: string): string {
  return /^\[([^\]]*)\](:\d+)?$/.exec(address)?.[1] ?? /^([\d.]+):\d+$/.exec(address)?.[1] ?? address;
}

/** The path this service is mounted under as its clients see it, '' at the root. */
export function prefixOf(mountedAt: string, forwarded: Forwarded | null): string {
  return forwarded === null ? mountedAt : forwarded.prefix + mountedAt;
}

/** `for=192.0.2.1;proto=https;host="a.example:8778", for=...`. Of a malformed header, the elements before the first fault. */
function elementsOf(header: string): Map<string, string>[] {
  const elements = [new Map<string, string>()];
  const pair = /\s*([\w!#$%&'*+.^`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*))\s*(;|,|$)/y;
  for (let found = pair.exec(header); found !== null; found = pair.exec(header)) {
    const [, name = '', quoted, plain = '', end] = found;
    elements.at(-1)?.set(name.toLowerCase(), quoted?.replaceAll(/\\(.)/g, '$1') ?? plain);
    if (end === ',') elements.push(new Map());
  }
  return elements;
}

function first(header: string | string[] | undefined): string | null {
  return [header ?? []].flat()[0]?.split(',', 1)[0]?.trim() ?? null;
}

function last(header: string | string[] | undefined): string | null {
  return [header ?? []].flat().at(-1)?.split(',').at(-1)?.trim() ?? null;
}

function checked(value: string | null | undefined, form: RegExp): string | null {
  return value !== null && value !== undefined && form.test(value) ? value : null;
}
