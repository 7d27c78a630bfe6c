import express, { type Request, type Response } from 'express';
import { createHmac, randomBytes } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { TLSSocket } from 'node:tls';
import type { Config } from '../../src/config.js';
import { freePorts } from './free-ports.js';

/**
 * A stand-in for Keystone on a real socket: logins, a catalog, token validation, and a switch that makes it misbehave in
 * the ways real ones do.
 */
export interface FakeKeystone {
  /** Without /v3. */
  readonly url: string;
  /** Number of requests so far. */
  readonly calls: { logins: number; validations: number; signatures: number };
  /** Of the last validation. */
  readonly seen: { headers: http.IncomingHttpHeaders; url: string; clientName: string | null };
  behaviour: Behaviour;
  /** Changes what is said of a token, after all else. */
  distort: ((document: TokenDocument) => unknown) | null;
  /** A person who may log in, with a password or with the secret of an application credential. */
  person: { name: string; password: string; secret: string; spec: TokenSpec } | null;
  /** URL of the identity endpoint in the service's catalog. */
  catalogUrl: string;
  /** Makes a token that is valid, and returns it. */
  issue(token?: TokenSpec): string;
  revoke(token: string): void;
  /** Makes EC2 credentials whose tokens are as those of `issue`. */
  createCredentials(token?: TokenSpec): { access: string; secret: string };
  /** Forgets the tokens that the service logged in for. */
  forgetServiceTokens(): void;
  /** Options of the service that make it use this Keystone. */
  config(more?: Partial<Config>): Partial<Config>;
  /** Stops listening; `start` listens at the same port again. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

export type Behaviour =
  | 'good'
  | 'slow'
  | 'hanging'
  | 'hanging in the middle'
  | 'closing'
  | 'closing in the middle'
  | 'garbage'
  | 'huge'
  | 'page'
  | 'redirect'
  | 'another subject'
  | 'rejecting service tokens'
  | 400
  | 403
  | 500
  | 503;

interface TokenSpec {
  readonly user?: string;
  readonly project?: string | null;
  readonly system?: boolean;
  readonly domain?: string;
  readonly roles?: readonly string[];
  /** Seconds from now. */
  readonly expiresIn?: number;
  readonly accessRules?: readonly { service: string; method: string; path: string }[];
  readonly bind?: object;
}

type TokenDocument = Record<string, unknown>;

export const SERVICE_PASSWORD = 'pass-word-of-the-service';

export async function startKeystone(tls?: { key: string; cert: string; ca: string }): Promise<FakeKeystone> {
  const tokens = new Map<string, { document: TokenDocument; expiresAt: number }>();
  const serviceTokens = new Set<string>();
  const credentials = new Map<string, { secret: string; spec: TokenSpec }>();

  const app = express();
  app.use(express.json());
  app.post('/v3/auth/tokens', (req, res) => {
    keystone.calls.logins++;
    misbehave(keystone, 'login', req, res, () => {
      const identity = req.body?.auth?.identity ?? {};
      const person = keystone.person;
      const { password, name } = identity.password?.user ?? {};
      const { secret } = identity.application_credential ?? {};
      if (person !== null && (secret === person.secret || (name === person.name && password === person.password))) {
        const token = keystone.issue(person.spec);
        res
          .status(201)
          .set('x-subject-token', token)
          .json({ token: tokens.get(token)?.document });
        return;
      }
      if (password !== SERVICE_PASSWORD) {
        res.status(401).json({ error: { code: 401, message: 'The request you have made requires authentication.' } });
        return;
      }
      const token = newToken();
      serviceTokens.add(token);
      res
        .status(201)
        .set('x-subject-token', token)
        .json({ token: serviceDocument(keystone.catalogUrl) });
    });
  });
  app.get('/v3/auth/tokens', (req, res) => {
    keystone.calls.validations++;
    keystone.seen.headers = req.headers;
    keystone.seen.url = req.url;
    if (req.socket instanceof TLSSocket) keystone.seen.clientName = commonName(req.socket);
    misbehave(keystone, 'validation', req, res, () => {
      const subject = req.get('x-subject-token') ?? '';
      const known = serviceTokens.has(subject)
        ? { document: serviceDocument(keystone.catalogUrl), expiresAt: Date.now() + 3_600_000 }
        : tokens.get(subject);
      if (!serviceTokens.has(req.get('x-auth-token') ?? '')) {
        res.status(401).json({ error: { code: 401, message: 'rejected' } });
      } else if (known === undefined || (known.expiresAt < Date.now() && req.query['allow_expired'] !== '1')) {
        res.status(404).json({ error: { code: 404, message: 'Could not find token.' } });
      } else {
        const token = keystone.distort === null ? known.document : keystone.distort(structuredClone(known.document));
        const text = typeof token === 'string' ? token : JSON.stringify({ token });
        res.set('x-subject-token', subject).type('application/json').send(text);
      }
    });
  });

  app.post('/v3/s3tokens', (req, res) => {
    keystone.calls.signatures++;
    misbehave(keystone, 'validation', req, res, () => {
      const { access, token = '', signature } = (req.body?.credentials ?? {}) as Record<string, string | undefined>;
      const known = credentials.get(access ?? '');
      // As Keystone: Python's decoder insists on the padding.
      if (token.length % 4 !== 0 || !/^[\w-]+={0,2}$/.test(token)) {
        res.status(500).json({ error: { code: 500, message: 'Incorrect padding' } });
      } else if (!serviceTokens.has(req.get('x-auth-token') ?? '')) {
        res.status(401).json({ error: { code: 401, message: 'rejected' } });
      } else if (known === undefined) {
        res.status(404).json({ error: { code: 404, message: `Could not find credential: ${access ?? ''}.` } });
      } else if (signature !== signatureOf(Buffer.from(token, 'base64url').toString(), known.secret)) {
        res.status(401).json({ error: { code: 401, message: 'Credential signature mismatch' } });
      } else {
        res.json({ token: userDocument(known.spec, Date.now() + 3_600_000) });
      }
    });
  });

  const server =
    tls === undefined
      ? http.createServer(app)
      : https.createServer({ ...tls, requestCert: true, rejectUnauthorized: false }, app);
  // It may stop to listen and begin again.
  const port = await freePorts(1);
  const start = (): Promise<void> => new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  await start();
  const url = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;

  const keystone: FakeKeystone = {
    url,
    calls: { logins: 0, validations: 0, signatures: 0 },
    seen: { headers: {}, url: '', clientName: null },
    behaviour: 'good',
    distort: null,
    person: null,
    catalogUrl: `${url}/v3/`,
    issue(spec = {}) {
      const token = newToken();
      const expiresAt = Date.now() + (spec.expiresIn ?? 3600) * 1000;
      tokens.set(token, { document: userDocument(spec, expiresAt), expiresAt });
      return token;
    },
    revoke(token) {
      tokens.delete(token);
    },
    createCredentials(spec = {}) {
      const [access, secret] = [randomBytes(16).toString('hex'), randomBytes(16).toString('hex')];
      credentials.set(access, { secret, spec });
      return { access, secret };
    },
    forgetServiceTokens() {
      serviceTokens.clear();
    },
    config: (more = {}) => ({
      keystoneAuthUrl: url,
      keystoneUsername: 'placement',
      keystonePassword: SERVICE_PASSWORD,
      keystoneUserDomainName: 'Default',
      keystoneProjectName: 'service',
      keystoneProjectDomainName: 'Default',
      // This process is Keystone, too: when it pauses, the response must not be late. Tests of a Keystone that hangs say less.
      keystoneHttpConnectTimeout: 30,
      keystoneHttpRequestMaxRetries: 0,
      ...more,
    }),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
    start,
  };
  return keystone;
}

/** The two kinds of signature that Keystone knows. */
function signatureOf(text: string, secret: string): string {
  const [kind, , scope = ''] = text.split('\n');
  if (kind !== 'AWS4-HMAC-SHA256') return createHmac('sha1', secret).update(text).digest('base64');
  const first: string | Buffer = `AWS4${secret}`;
  const sign = (key: string | Buffer, part: string): Buffer => createHmac('sha256', key).update(part).digest();
  const key = scope.split('/').reduce<string | Buffer>(sign, first);
  return createHmac('sha256', key).update(text).digest('hex');
}

function commonName(socket: TLSSocket): string | null {
  const { subject } = socket.getPeerCertificate() as { subject?: { CN?: string } };
  return subject?.CN ?? null;
}

/** Of the look of a Fernet token. */
function newToken(): string {
  return `gAAAAA${randomBytes(132).toString('base64url')}`;
}

function userDocument(spec: TokenSpec, expiresAt: number): TokenDocument {
  const { user = 'user-1', project = 'project-1', system = false, domain, roles = ['admin'] } = spec;
  const default_ = { id: 'default', name: 'Default' };
  return {
    methods: ['password'],
    user: { id: user, name: `${user} name`, domain: default_ },
    ...(system ? { system: { all: true } } : {}),
    ...(domain === undefined ? {} : { domain: { id: domain, name: domain } }),
    ...(system || domain !== undefined || project === null
      ? {}
      : { project: { id: project, name: `${project} name`, domain: default_ } }),
    roles: roles.map((name) => ({ id: `id of ${name}`, name })),
    ...times(expiresAt),
    ...(spec.accessRules === undefined
      ? {}
      : {
          application_credential: {
            id: 'credential-1',
            restricted: true,
            access_rules: spec.accessRules.map((rule, index) => ({ id: `rule-${index}`, ...rule })),
          },
        }),
    ...(spec.bind === undefined ? {} : { bind: spec.bind }),
    catalog: [{ type: 'placement', name: 'placement', id: 'placement-1', endpoints: [] }],
  };
}

function serviceDocument(identityUrl: string): TokenDocument {
  const endpoint = (interface_: string, region: string, url: string) => ({
    id: `${interface_}-${region}`,
    interface: interface_,
    region,
    region_id: region,
    url,
  });
  return {
    methods: ['password'],
    user: { id: 'placement', name: 'placement', domain: { id: 'default', name: 'Default' } },
    roles: [{ id: 'service', name: 'service' }],
    ...times(Date.now() + 3_600_000),
    catalog: [
      {
        type: 'identity',
        id: 'identity-1',
        endpoints: [
          endpoint('public', 'RegionOne', 'http://127.0.0.1:1/never'),
          endpoint('internal', 'RegionOne', identityUrl),
          endpoint('internal', 'RegionTwo', 'http://127.0.0.1:2/never'),
        ],
      },
    ],
  };
}

function times(expiresAt: number): object {
  const iso = (time: number) => new Date(time).toISOString().replace('Z', '000Z');
  return { issued_at: iso(expiresAt - 3_600_000), expires_at: iso(expiresAt) };
}

function misbehave(
  { behaviour, url }: FakeKeystone,
  what: 'login' | 'validation',
  req: Request,
  res: Response,
  response: () => void,
): void {
  switch (behaviour) {
    case 'good':
      response();
      break;
    case 'slow':
      setTimeout(response, 200);
      break;
    case 'hanging':
      break;
    case 'hanging in the middle':
      res.status(200).set('content-length', '1000').write('{"token": {');
      break;
    case 'closing':
      req.socket.destroy();
      break;
    case 'closing in the middle':
      res.status(200).set('content-length', '1000').write('{"token": {');
      setTimeout(() => req.socket.destroy(), 20);
      break;
    case 'garbage':
      res
        .status(what === 'login' ? 201 : 200)
        .type('application/json')
        .send('{"token": {"user": ');
      break;
    case 'huge':
      res.status(200).type('application/json');
      pour(res);
      break;
    case 'page':
      res.status(200).type('text/html').send('<html><title>Welcome to the portal</title></html>');
      break;
    case 'redirect':
      res.redirect(302, `${url}/v3/elsewhere`);
      break;
    case 'another subject':
      if (what === 'login') response();
      else {
        // The headers of the real response come after this and would win.
        res.set = ((name: string, value: string) => {
          res.setHeader(name, name === 'x-subject-token' ? 'gAAAAAsomebodyelse' : value);
          return res;
        }) as typeof res.set;
        response();
      }
      break;
    case 'rejecting service tokens':
      if (what === 'login') response();
      else res.status(401).json({ error: { code: 401 } });
      break;
    case 400:
    case 403:
    case 500:
    case 503:
      res.status(behaviour).json({ error: { code: behaviour, message: 'something is wrong' } });
  }
}

/** A response without end. */
function pour(res: Response): void {
  const chunk = Buffer.alloc(64 * 1024, ' ');
  const more = (): void => {
    while (!res.destroyed && res.write(chunk));
    if (!res.destroyed) res.once('drain', more);
  };
  res.on('error', () => undefined);
  more();
}
