import type { IncomingHttpHeaders } from 'node:http';
import { withoutTrailing } from '../trim-end.js';

/**
 * The headers in which a proxy describes the original request. The service trusts them only with [oslo_middleware]
 * enable_proxy_headers_parsing, because any client can send them. It ignores malformed values.
 */
export interface Forwarded {
  readonly scheme: string | null;
  readonly host: string | null;
  /** Address of the client, for the log. The client can choose it when the proxy appends to the header that the client sent. */
  readonly client: string | null;
  /** The addresses in the last element of `Forwarded` and of `X-Forwarded-For`. The nearest proxy wrote one of them. */
  readonly nearest: readonly string[];
  /** Path under which the proxy serves this service, '' for none. Links have it before the path under which the application is mounted. */
  readonly prefix: string;
}

/** Scheme, host and client are those of the first element, which is nearest to the client. `Forwarded` has precedence over X-Forwarded-... */
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

/** Removes the port from `192.0.2.1:4711` or `[2001:db8::1]:4711`, because each connection of a client has another port. */
function withoutPort(address: string): string {
  return /^\[([^\]]*)\](:\d+)?$/.exec(address)?.[1] ?? /^([\d.]+):\d+$/.exec(address)?.[1] ?? address;
}

/** Returns the path under which clients see this service, '' at the root. */
export function prefixOf(mountedAt: string, forwarded: Forwarded | null): string {
  return forwarded === null ? mountedAt : forwarded.prefix + mountedAt;
}

/** Parses `for=192.0.2.1;proto=https;host="a.example:8778", for=...`. Returns the elements before the first error of a malformed header. */
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
