import { TLSSocket } from 'node:tls';
import type { Request } from 'express';
import { bodyIncomplete } from '../errors.js';
import type { Identity } from '../auth/identity.js';
import type { PolicyTarget } from '../policy/policy.js';
import { readBody } from './body.js';
import type { Caller } from './exchange.js';
import { prefixOf } from './forwarded.js';
import type { LongBody } from './long-body.js';
import type { ClientMemory } from './client-memory.js';
import type { MicroversionChange, Version } from './microversions.js';
import { parseJson } from './parse-json.js';
import { globalRequestId } from './request-ids.js';
import { isLoopback } from '../ops/process.js';
import { parseQuery, type Query } from './query.js';
import type { Holding } from './memory-budget.js';
import { textOf } from './decode-text.js';

/** One row of the route table. Everything that is not the handler is data, so documents and checks can be made from it. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Express form: `/resource_providers/:uuid`. */
  readonly path: string;
  /** The change that introduces the route; before it the response is `below`. */
  readonly introducedBy?: MicroversionChange;
  /** 405 where the path existed before the method, else 404. */
  readonly below?: 404 | 405;
  /** Policy rule; null for what anyone may call. */
  readonly rule: string | null;
  /** No token is asked for, at any method of the path; such a path has no parameters. */
  readonly public?: boolean;
  readonly policyTarget?: (query: Query) => PolicyTarget;
  /** Reject with 406 a client that does not accept application/json. */
  readonly checkAccept?: boolean;
  /** Reject with 415 a body that is not application/json. */
  readonly jsonBody?: boolean | ((version: Version) => boolean);
  /** Check Accept and content type before the version gate (only the aggregates of a provider). */
  readonly gateLast?: boolean;
  /** Largest body, in bytes, where that is less than what the configuration allows. */
  readonly maxBodyBytes?: number;
  /** Largest body, in bytes, where that is more than what the configuration allows; never more than what all bodies may take. */
  readonly largeBodyBytes?: number;
  /** Asked so often by machines that its line in the log is of DEBUG. */
  readonly quiet?: boolean;
  readonly handle: (request: RouteRequest) => Reply | Promise<Reply | FileReply>;
}

export interface Reply {
  readonly status: number;
  /** JSON, ASCII only as json.ts makes it: it is sent as it is. In buffers where it is put together from kept pieces. */
  readonly body?: string | readonly Buffer[] | LongBody;
  /** Further headers, names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Path of the `location` header, without prefix; it is sent as an absolute URL. */
  readonly location?: string;
  /**
   * From 1.15 on `cache-control: no-cache` is sent, and `last-modified` with these seconds since the epoch, or without it
   * when null. Undefined: the route has no cache headers.
   */
  readonly modified?: number | null;
  /** Whom the response signs in: log and audit log name them as the caller of this request, which has no token. */
  readonly signedIn?: Caller;
}

export interface BodyLimits {
  /** Of one body. */
  readonly maxBodyBytes: number;
  readonly memory: ClientMemory;
}

/** A file of this machine, with ranges and conditions as HTTP has them. */
export interface FileReply {
  readonly file: {
    /** Absolute, links resolved. */
    readonly path: string;
    readonly contentType: string;
    /** With its quotes; another one for other bytes. */
    readonly etag: string;
  };
}

/** The request as a handler sees it. */
export class RouteRequest {
  readonly version: Version;
  readonly identity: Identity | null;
  /** As documents write it: `PUT /allocations/{consumer_uuid}`. */
  readonly route: string;
  readonly requestId: string;
  /** The path this service is mounted under, '' at the root; links begin with it. */
  readonly prefix: string;
  readonly params: Readonly<Record<string, string>>;
  readonly #req: Request;
  readonly #bodies: BodyLimits;
  #query: Query | undefined;
  #body: Holding | null = null;

  constructor(req: Request, route: string, version: Version, identity: Identity | null, bodies: BodyLimits) {
    this.#req = req;
    this.route = route;
    this.version = version;
    this.identity = identity;
    this.requestId = req.exchange.requestId;
    this.prefix = prefixOf(req.baseUrl, req.exchange.forwarded);
    this.params = req.params as Record<string, string>;
    this.#bodies = bodies;
  }

  /** The client wants to make something new, and not to replace what is there: `if-none-match: *`. */
  get onlyNew(): boolean {
    return this.#req.headers['if-none-match']?.trim() === '*';
  }

  /** The id that the caller gives all requests of one operation; null for anything else in that header. */
  get globalRequestId(): string | null {
    return globalRequestId(this.#req.headers['x-openstack-request-id']) ?? null;
  }

  /**
   * Addresses, of which at least one is the sender's and not of the sender's choice: of the connection, or what the nearest proxy wrote
   * where proxies are believed. A client can only add others.
   */
  get senderAddresses(): readonly string[] {
    const { nearest = [] } = this.#req.exchange.forwarded ?? {};
    return nearest.length > 0 ? nearest : [this.#req.socket.remoteAddress ?? ''];
  }

  /** Whether the request came over TLS, here or to a proxy that is believed, or from this machine. */
  get isConfidential(): boolean {
    const { forwarded } = this.#req.exchange;
    if (this.#req.socket instanceof TLSSocket || forwarded?.scheme === 'https') return true;
    // What a proxy on this machine passes on may have come from another one.
    if (PROXY_HEADERS.some((name) => this.#req.headers[name] !== undefined)) return false;
    return isLoopback((this.#req.socket.remoteAddress ?? '').replace(/^::ffff:/, ''));
  }

  /** How the page that sent the request is related to this service, as the browser says; null for other clients. */
  get fetchSite(): string | null {
    return [this.#req.headers['sec-fetch-site'] ?? []].flat()[0] ?? null;
  }

  /** A path parameter of the route. */
  param(name: string): string {
    const value = this.params[name];
    if (value === undefined) throw new Error(`the route has no parameter ${name}`);
    return value;
  }

  /** @throws 400 when it is not UTF-8 */
  get query(): Query {
    if (this.#query === undefined) {
      const start = this.#req.url.indexOf('?');
      this.#query = parseQuery(start === -1 ? '' : this.#req.url.slice(start + 1));
    }
    return this.#query;
  }

  /** Whether the client has closed the connection, so that work on its response can stop. */
  isGone(): boolean {
    return !this.#req.socket.writable;
  }

  /** Reads and parses the body. @throws 400 when it is not JSON in UTF-8, 413 when it is too large */
  async json(): Promise<unknown> {
    const { bytes, holding } = await readBody(this.#req, this.#bodies.maxBodyBytes, this.#bodies.memory.requests);
    this.#body = holding;
    if (bytes.length < LARGE_BYTES) return parseJson(await textOf(bytes));
    return this.#bodies.memory.parsing(bytes.length, async () => {
      if (this.#req.socket.destroyed) throw bodyIncomplete();
      return parseJson(await textOf(bytes));
    });
  }

  /** Called after the response: the parsed body is no longer needed. */
  end(): void {
    this.#body?.leave();
  }
}

/** Proxies add one of them at least; whether they are believed or not. */
const PROXY_HEADERS = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip'];

/** Bodies from this size on are parsed one at a time. */
const LARGE_BYTES = 1024 * 1024;
