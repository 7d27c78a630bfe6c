import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import supertest from 'supertest';
import { composeService, type Service } from '../../src/compose.js';
import { defaultConfig, type Config } from '../../src/config.js';
import { createServer, type ServerOptions } from '../../src/http/server.js';
import { createLog } from '../../src/ops/log.js';
import { createTestDatabase, dropTestDatabase } from './database.js';
import { assertDocumented } from './api-document.js';

/** The service on a database of its own, behind a real socket. */
export interface TestService {
  readonly service: Service;
  readonly url: string;
  readonly databaseUrl: string;
  readonly api: Api;
  close(): Promise<void>;
}

export interface TestServiceOptions {
  /** Share the database of another test service. */
  readonly databaseUrl?: string;
  readonly config?: Partial<Config>;
  /** Of the HTTP server: for tests that wait for its deadlines. */
  readonly server?: ServerOptions;
  /** Where the service logs to; nowhere unless given, or TEST_LOG is set to a level. */
  readonly log?: Logger;
}

export async function startTestService(options: TestServiceOptions = {}): Promise<TestService> {
  const databaseUrl = options.databaseUrl ?? (await createTestDatabase());
  const log = options.log ?? createLog(process.env['TEST_LOG'] ?? 'silent');
  const service = composeService(
    defaultConfig({
      auditInterval: 0,
      // Half a minute without a turn for this process must not look like a database that is away.
      connectTimeout: 60,
      // Tests of inventory lists ask for it.
      listsWorker: false,
      // No file of the machine it runs on, and as the conformance tests have it: `admin` may call POST /reshaper, too.
      policyFile: '',
      policyDirs: [],
      enforceNewDefaults: false,
      ...options.config,
    }),
    databaseUrl,
    log,
  );
  const server = createServer(service.app, { memory: service.memory, log, ...options.server });
  const url = await listen(server);
  return {
    service,
    url,
    databaseUrl,
    api: apiAt(url),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await service.close();
      if (options.databaseUrl === undefined) await dropTestDatabase(databaseUrl);
    },
  };
}

function listen(server: Server): Promise<string> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    });
  });
}

/** Requests as `admin` at a microversion. A test fails when a response is not as api-ref/openapi.json says. */
export interface Api {
  get(path: string, version?: string): supertest.Test;
  put(path: string, body?: unknown, version?: string): supertest.Test;
  post(path: string, body?: unknown, version?: string): supertest.Test;
  delete(path: string, version?: string): supertest.Test;
  request(method: 'get' | 'put' | 'post' | 'delete' | 'patch' | 'head' | 'options', path: string): supertest.Test;
}

export function apiAt(url: string, defaultVersion = '1.39'): Api {
  const agent = supertest(url);
  const prepare = (test: supertest.Test, version = defaultVersion): supertest.Test =>
    documented(test)
      .set('x-auth-token', 'admin')
      .set('accept', 'application/json')
      .set('openstack-api-version', `placement ${version}`);
  const withBody = (test: supertest.Test, body: unknown): supertest.Test =>
    body === undefined ? test : test.send(body as object);
  return {
    get: (path, version) => prepare(agent.get(path), version),
    put: (path, body, version) => withBody(prepare(agent.put(path), version), body),
    post: (path, body, version) => withBody(prepare(agent.post(path), version), body),
    delete: (path, version) => prepare(agent.delete(path), version),
    request: (method, path) => documented(agent[method](path)),
  };
}

function documented(test: supertest.Test): supertest.Test {
  return test.expect(({ status, headers, text }) => {
    const { pathname, search } = new URL(test.url);
    // A body that was read as bytes has no text.
    const shown = (text as string | undefined) ?? '(bytes)';
    assertDocumented({ method: test.method, path: pathname + search, status, headers, text: shown });
  });
}

/** Creates a provider and returns its uuid. */
export async function createProvider(api: Api, name: string, parent?: string): Promise<string> {
  const { body } = await api
    .post('/resource_providers', { name, ...(parent === undefined ? {} : { parent_provider_uuid: parent }) })
    .expect(200);
  return (body as { uuid: string }).uuid;
}

/** Replaces the inventories of a provider at its present generation; returns the new one. */
export async function setInventories(api: Api, uuid: string, inventories: object): Promise<number> {
  const { body: provider } = await api.get(`/resource_providers/${uuid}`).expect(200);
  const { generation } = provider as { generation: number };
  const { body } = await api
    .put(`/resource_providers/${uuid}/inventories`, { resource_provider_generation: generation, inventories })
    .expect(200);
  return (body as { resource_provider_generation: number }).resource_provider_generation;
}

/** The message of an error document: what follows the explanation of the status. */
export function messageOf(body: unknown): string {
  const { errors } = body as { errors: [{ detail: string }] };
  return errors[0].detail.split('\n\n').slice(1).join('\n\n').trim();
}

export function codeOf(body: unknown): string | undefined {
  return (body as { errors: [{ code?: string }] }).errors[0].code;
}
