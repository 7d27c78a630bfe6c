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

/** One row of the route table. All members but the handler are data, so that the documentation and checks can be made from them. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Express form: `/resource_providers/:uuid`. */
  readonly path: string;
  /** The change that introduces the route. At an earlier version the response is `below`. */
  readonly introducedBy?: MicroversionChange;
  /** 405 when the path existed before the method; else 404. */
  readonly below?: 404 | 405;
  /** The policy rule. Null when anyone may call the route. */
  readonly rule: string | null;
  /** The service needs no token, for any method of the path. Such a path has no parameters. */
  readonly public?: boolean;
  readonly policyTarget?: (query: Query) => PolicyTarget;
  /** Rejects a client that does not accept application/json with 406. */
  readonly checkAccept?: boolean;
  /** Rejects a body that is not application/json with 415. */
  readonly jsonBody?: boolean | ((version: Version) => boolean);
  /** Checks Accept and content type before the version of the route. Only the routes for the aggregates of a provider do this. */
  readonly gateLast?: boolean;
  /** The largest body, in bytes, when the route accepts less than the configuration allows. */
  readonly maxBodyBytes?: number;
  /** The largest body, in bytes, when the route accepts more than the configuration allows. It is never more than the budget for all bodies. */
  readonly largeBodyBytes?: number;
  /** Machines call the route so often that its lines in the log have the level DEBUG. */
  readonly quiet?: boolean;
  readonly handle: (request: RouteRequest) => Reply | Promise<Reply | FileReply>;
}

export interface Reply {
  readonly status: number;
  /** JSON that is sent as it is. It is ASCII only, as json.ts makes it. It is in buffers when it is put together from kept pieces. */
  readonly body?: string | readonly Buffer[] | LongBody;
  /** Further headers. The names are in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The path of the `location` header, without prefix. The service sends it as an absolute URL. */
  readonly location?: string;
  /**
   * The seconds since the epoch for `last-modified`. From 1.15 on the service sends this header and `cache-control: no-cache`. When null,
   * it sends only `cache-control`. When undefined, the route has no cache headers.
   */
  readonly modified?: number | null;
  /** The user that the response signs in. Log and audit log name this user as the caller, because the request has no token. */
  readonly signedIn?: Caller;
}

export interface BodyLimits {
  /** The largest size of one body. */
  readonly maxBodyBytes: number;
  readonly memory: ClientMemory;
}

/** A reply with a file of this machine. It supports the ranges and conditions of HTTP. */
export interface FileReply {
  readonly file: {
    /** An absolute path, with symbolic links resolved. */
    readonly path: string;
    readonly contentType: string;
    /** With its quotes. It differs when the bytes differ. */
    readonly etag: string;
  };
}

/** The request as a handler sees it. */
export class RouteRequest {
  readonly version: Version;
  readonly identity: Identity | null;
  /** The name of the route in the documentation: `PUT /allocations/{consumer_uuid}`. */
  readonly route: string;
  readonly requestId: string;
  /** The path under which clients see this service, '' at the root. Links begin with it. */
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

  /** Whether the request has `if-none-match: *`: the client wants to create something, and not to replace what exists. */
  get onlyNew(): boolean {
    return this.#req.headers['if-none-match']?.trim() === '*';
  }

  /** The id that the caller gives all requests of one operation. Null when the header has any other text. */
  get globalRequestId(): string | null {
    return globalRequestId(this.#req.headers['x-openstack-request-id']) ?? null;
  }

  /**
   * Addresses of the sender. At least one of them is one that the sender cannot choose: the address of the connection, or the address that
   * the nearest proxy wrote when the configuration trusts proxies. A client can only add other addresses.
   */
  get senderAddresses(): readonly string[] {
    const { nearest = [] } = this.#req.exchange.forwarded ?? {};
    return nearest.length > 0 ? nearest : [this.#req.socket.remoteAddress ?? ''];
  }

  /** Whether the request came over TLS, to this service or to a proxy that the configuration trusts, or from this machine. */
  get isConfidential(): boolean {
    const { forwarded } = this.#req.exchange;
    if (this.#req.socket instanceof TLSSocket || forwarded?.scheme === 'https') return true;
    // A proxy on this machine may have passed on a request from another machine.
    if (PROXY_HEADERS.some((name) => this.#req.headers[name] !== undefined)) return false;
    return isLoopback((this.#req.socket.remoteAddress ?? '').replace(/^::ffff:/, ''));
  }

  /** The relation between this service and the page that sent the request, as the browser states it. Null for other clients. */
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

  /** Frees the memory of the parsed body. The pipeline calls it after the response. */
  end(): void {
    this.#body?.leave();
  }
}

/** A proxy adds at least one of these headers, whether the configuration trusts proxies or not. */
const PROXY_HEADERS = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip'];

/** Bodies from this size on are parsed one at a time. */
const LARGE_BYTES = 1024 * 1024;
