import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import type { AuditEvent } from '../../src/audit-log/event.js';
import { claimBody } from '../support/claims.js';
import { startKeystone, type FakeKeystone } from '../support/keystone.js';
import { startAdmin } from '../support/metrics.js';
import { createProvider, setInventories, startTestService, type TestService } from '../support/service.js';
import { until } from '../support/until.js';
import { send, sendElsewhere, type WireRequest } from '../support/raw-request.js';

const text = { type: 'string', minLength: 1 };
const closed = (properties: Record<string, object>, optional: readonly string[] = []): object => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  additionalProperties: false,
});
const requestId = { type: 'string', pattern: '^req-[0-9a-f-]{36}$' };

/** The table of docs/contract/audit-and-orphans.md#the-event. */
const isEvent = new Ajv().compile(
  closed({
    typeURI: { const: 'http://schemas.dmtf.org/cloud/audit/1.0/event' },
    id: { type: 'string', pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' },
    eventTime: { type: 'string', pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}\\+00:00$' },
    eventType: { const: 'activity' },
    action: { enum: ['create', 'update', 'delete', 'read', 'unknown'] },
    outcome: { enum: ['success', 'failure'] },
    reason: closed({ reasonType: { const: 'HTTP' }, reasonCode: { type: 'string', pattern: '^[1-5]\\d\\d$' } }),
    initiator: closed(
      {
        typeURI: { const: 'service/security/account/user' },
        id: text,
        project_id: text,
        host: closed({ address: text, agent: { type: 'string' } }, ['agent']),
        request_id: requestId,
        global_request_id: requestId,
      },
      ['global_request_id'],
    ),
    target: closed({ typeURI: { type: 'string', pattern: '^service/placement' }, id: text, name: text }, ['name']),
    observer: closed({ id: { const: 'target' } }),
    requestPath: text,
  }),
);

describe('the audit log', () => {
  let folder: string;
  let fake: FakeKeystone;
  let test: TestService;
  let file: string;
  before(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stockroom-audit-'));
    file = path.join(folder, 'audit.log');
    fake = await startKeystone();
    test = await startTestService({ config: fake.config({ auditLog: 'writes', auditLogFile: file }) });
  });
  after(async () => {
    await test.close();
    await fake.stop();
    fs.rmSync(folder, { recursive: true });
  });
  beforeEach(() => {
    fs.truncateSync(file);
  });

  const lines = (): AuditEvent[] => {
    const found = fs.readFileSync(file, 'utf8').split('\n').filter(Boolean);
    return found.map((line) => JSON.parse(line) as AuditEvent);
  };
  /** Lines are written in the background. */
  const written = (count: number): Promise<AuditEvent[]> =>
    until(`${count} lines`, () => {
      const found = fs.readFileSync(file, 'utf8');
      return found.endsWith('\n') && found.split('\n').length > count && lines();
    });

  it('has a line for a change: who, from where, what, and what came of it', async () => {
    const api = await startTestService({ databaseUrl: test.databaseUrl });
    const host = await createProvider(api.api, 'h1');
    await setInventories(api.api, host, { VCPU: { total: 8 } });
    await api.close();
    await test.service.topology.current();

    const globalId = `req-${randomUUID()}`;
    const headers = {
      'x-auth-token': fake.issue({ user: 'nova', project: 'service' }),
      'x-openstack-request-id': globalId,
      'user-agent': 'nova-scheduler keystoneauth1/5.2.1',
    };
    const consumer = randomUUID();
    const body = JSON.stringify(claimBody({ [host]: { VCPU: 2 } }));
    const response = await send(test.url, { method: 'PUT', path: `/allocations/${consumer}`, headers, body });
    assert.equal(response.status, 204);
    await send(test.url, { method: 'DELETE', path: `/resource_providers/${host}?x=1`, headers });
    const [claimed, rejected] = await written(2);
    assert.ok(isEvent(claimed), JSON.stringify(isEvent.errors));
    const { id, eventTime, ...rest } = claimed!;
    assert.ok(Math.abs(Date.parse(eventTime) - Date.now()) < 3600_000);
    assert.notEqual(id, rejected?.id);
    assert.deepEqual(rest, {
      typeURI: 'http://schemas.dmtf.org/cloud/audit/1.0/event',
      eventType: 'activity',
      action: 'update',
      outcome: 'success',
      reason: { reasonType: 'HTTP', reasonCode: '204' },
      initiator: {
        typeURI: 'service/security/account/user',
        id: 'nova',
        project_id: 'service',
        host: { address: '127.0.0.1', agent: 'nova-scheduler keystoneauth1/5.2.1' },
        request_id: response.headers['x-openstack-request-id'],
        global_request_id: globalId,
      },
      target: { typeURI: 'service/placement/allocation', id: consumer },
      observer: { id: 'target' },
      requestPath: `/allocations/${consumer}`,
    });
    assert.deepEqual(
      [rejected?.action, rejected?.outcome, rejected?.reason.reasonCode, rejected?.requestPath],
      ['delete', 'failure', '409', `/resource_providers/${host}?x=1`],
    );
    assert.deepEqual(rejected?.target, { typeURI: 'service/placement/resource_provider', id: host, name: 'h1' });
  });

  it('has a line for every way in which a change is rejected, and none for a read', async () => {
    const token = fake.issue();
    const reader = fake.issue({ roles: ['reader'] });
    const system = fake.issue({ project: null, system: true });
    const POST = { method: 'POST', path: '/resource_providers', body: '{"name": "x"}' };
    const rejected: [WireRequest, number][] = [
      [{ ...POST, headers: { 'x-auth-token': null } }, 401],
      [{ ...POST, headers: { 'x-auth-token': 'no-token' } }, 401],
      [{ ...POST, headers: { 'x-auth-token': reader } }, 403],
      [{ ...POST, headers: { 'x-auth-token': system } }, 403],
      [{ ...POST, headers: { 'x-auth-token': token }, body: '{' }, 400],
      [{ ...POST, headers: { 'x-auth-token': token, 'content-type': 'text/plain' } }, 415],
      [{ ...POST, headers: { 'x-auth-token': token, 'openstack-api-version': 'placement 9.9' } }, 406],
      [{ method: 'PUT', path: '/traits/WRONG', headers: { 'x-auth-token': token } }, 400],
      [{ method: 'DELETE', path: '/traits/CUSTOM_NONE', headers: { 'x-auth-token': token } }, 404],
      [{ method: 'PATCH', path: '/traits', headers: { 'x-auth-token': token } }, 405],
      [{ method: 'DELETE', path: '/nowhere', headers: { 'x-auth-token': token } }, 404],
      [{ method: 'PUT', path: '/traits/%', headers: { 'x-auth-token': token } }, 400],
    ];
    for (const [request, status] of rejected) {
      await send(test.url, { path: '/traits', headers: { 'x-auth-token': token } });
      assert.equal((await send(test.url, request)).status, status, JSON.stringify(request));
    }
    const found = await written(rejected.length);
    assert.equal(found.length, rejected.length);
    for (const [i, event] of found.entries()) {
      assert.ok(isEvent(event), `${JSON.stringify(event)} ${JSON.stringify(isEvent.errors)}`);
      assert.deepEqual([event.outcome, event.reason.reasonCode], ['failure', String(rejected[i]?.[1])]);
    }
    assert.deepEqual(
      found.map(({ initiator }) => [initiator.id, initiator.project_id].includes('unknown')),
      // Without a token that is valid, and with one of no project.
      rejected.map((_, i) => i < 2 || i === 3),
    );
    assert.deepEqual(
      found.map(({ target }) => target.typeURI.replace('service/placement/', '')),
      [...Array<string>(7).fill('resource_providers'), 'trait', 'trait', 'traits', 'unknown', 'trait'],
    );
    assert.equal(found[8]?.target.name, 'CUSTOM_NONE');
  });

  it('has a line for a request during an outage of Keystone', async () => {
    fake.behaviour = 503;
    const response = await send(test.url, {
      method: 'DELETE',
      path: '/traits/CUSTOM_X',
      headers: { 'x-auth-token': fake.issue() },
    });
    fake.behaviour = 'good';
    assert.equal(response.status, 503);
    const [event] = await written(1);
    assert.deepEqual([event?.reason.reasonCode, event?.initiator.id], ['503', 'unknown']);
  });

  it('shows in its metrics that nothing was lost', async () => {
    const admin = await startAdmin(test.service);
    try {
      const before = (await admin.metrics()).value('stockroom_audit_lines_total') ?? NaN;
      await send(test.url, { method: 'DELETE', path: '/traits/CUSTOM_X', headers: { 'x-auth-token': fake.issue() } });
      const after = await admin.metrics();
      assert.equal(after.value('stockroom_audit_lines_total'), before + 1);
      assert.equal(after.value('stockroom_audit_lines_lost_total'), 0);
    } finally {
      admin.close();
    }
  });

  it('opens its file again when that was moved away or removed', async () => {
    const ask = (name: string) => sendElsewhere(test.url, { method: 'DELETE', path: `/traits/CUSTOM_${name}` });
    await ask('ONE');
    await written(1);
    fs.renameSync(file, `${file}.1`);
    await until('the new file', () => fs.existsSync(file));
    // The old file takes lines until the new one is open.
    let asked = 0;
    await until('a line in the new file', async () => {
      await ask(`N${asked++}`);
      return fs.statSync(file).size > 0;
    });
    await until('all lines', () => {
      const both = fs.readFileSync(`${file}.1`, 'utf8') + fs.readFileSync(file, 'utf8');
      return both.split('\n').length === asked + 2;
    });
    assert.equal(fs.statSync(file).mode & 0o007, 0);
    fs.rmSync(`${file}.1`);
  });

  it('shows no token, wherever a client puts one', async () => {
    const fernet = fc.stringMatching(/^[\w-]{20,80}$/).map((rest) => `gAAAAA${rest}`);
    const jws = fc.stringMatching(/^[\w-]{20,40}\.[\w-]{20,40}$/).map((rest) => `eyJ${rest}`);
    const other = fc.uuid().map((uuid) => uuid.replaceAll('-', ''));
    const hex = (it: string) => it.replaceAll(/./g, (one) => `%${one.charCodeAt(0).toString(16)}`);
    const encodings = [
      (token: string) => token,
      encodeURIComponent,
      hex,
      (token: string) => encodeURIComponent(hex(token)),
    ];
    const place = fc.record({
      token: fc.oneof(fernet, jws, other),
      encode: fc.constantFrom(...encodings),
      form: fc.constantFrom(
        (it: string) => `/${it}`,
        (it: string) => `/traits/${it}`,
        (it: string) => `/traits/CUSTOM_${it}x`,
        (it: string) => `/resource_providers/${it}/inventories/${it}`,
        (it: string) => `/traits/CUSTOM_X?a=1&b=${it}&c=2`,
        (it: string) => `/traits/CUSTOM_X?name=in:${it},${it}`,
        (it: string) => `/traits/CUSTOM_X?${it}&%zz%ff`,
        (it: string) => `/traits/CUSTOM_X?x=${it}==;${it}`,
      ),
    });
    await fc.assert(
      fc.asyncProperty(place, async ({ token, encode, form }) => {
        const before = lines().length;
        const headers = { 'x-auth-token': token, 'user-agent': `client ${token}`, 'x-openstack-request-id': token };
        await sendElsewhere(test.url, { method: 'DELETE', path: form(encode(token)), headers });
        const found = await written(before + 1);
        const event = found.at(-1)!;
        assert.ok(isEvent(event), JSON.stringify(isEvent.errors));
        const line = JSON.stringify(event);
        const decoded = [1, 2, 3].reduce(
          (text) => text.replaceAll('%zz%ff', '').replaceAll(/%[\da-f]{2}/g, decodeURIComponent),
          line,
        );
        for (const one of [line, decoded]) {
          assert.ok(!one.includes(token) && !one.includes(encode(token)), `${form(encode(token))} -> ${line}`);
        }
      }),
      { numRuns: Number(process.env['FAST_CHECK_RUNS'] ?? 100) },
    );
  });

  it('does not show values of parameters that are called a token or a signature', async () => {
    for (const query of ['token=short', 'x=1&X-Amz-Signature=abc&y=2', '%74oken=short', 'q=1;password=a,b;c=2']) {
      await sendElsewhere(test.url, { method: 'PUT', path: `/traits/CUSTOM_X?${query}` });
    }
    assert.deepEqual(
      (await written(4)).map(({ requestPath }) => requestPath.split('?')[1]),
      ['token=***', 'x=1&X-Amz-Signature=***&y=2', '%74oken=***', 'q=1;password=***,***;***=***'],
    );
  });

  it('cuts what is long, so that a line stays whole in a pipe', async () => {
    const headers = { 'user-agent': 'x'.repeat(5000), 'x-auth-token': null };
    await sendElsewhere(test.url, {
      method: 'PUT',
      path: `/traits/${'é'.repeat(5000)}?${'"'.repeat(5000)}`.replaceAll('é', '%C3%A9'),
      headers,
    });
    const [event] = await written(1);
    assert.ok(isEvent(event), JSON.stringify(isEvent.errors));
    assert.ok(Buffer.byteLength(JSON.stringify(event)) < 4096);
  });

  describe('set to all', () => {
    let all: TestService;
    let allFile: string;
    before(async () => {
      allFile = path.join(folder, 'all.log');
      const config = fake.config({ auditLog: 'all', auditLogFile: allFile });
      all = await startTestService({ config, databaseUrl: test.databaseUrl });
    });
    after(() => all.close());

    it('has a line for each request with a token, and for each change', async () => {
      await sendElsewhere(all.url, { path: '/', headers: { 'x-auth-token': null } });
      await sendElsewhere(all.url, { path: '/traits', headers: { 'x-auth-token': fake.issue() } });
      await sendElsewhere(all.url, { method: 'PUT', path: '/traits/CUSTOM_X', headers: { 'x-auth-token': null } });
      const found = await until('two lines', () => {
        const read = fs.readFileSync(allFile, 'utf8').split('\n');
        return read.length > 2 && read.filter(Boolean).map((line) => JSON.parse(line) as AuditEvent);
      });
      assert.deepEqual(
        found.map(({ action, reason }) => [action, reason.reasonCode]),
        [
          ['read', '200'],
          ['update', '401'],
        ],
      );
    });
  });

  it('is off unless it is asked for, and names the option when its file cannot be written', async () => {
    assert.equal(fs.readdirSync(folder).filter((name) => name.startsWith('off')).length, 0);
    const off = await startTestService({
      config: { auditLogFile: path.join(folder, 'off.log') },
      databaseUrl: test.databaseUrl,
    });
    await send(off.url, { method: 'DELETE', path: '/traits/CUSTOM_X' });
    await off.close();
    assert.ok(!fs.existsSync(path.join(folder, 'off.log')));
    await assert.rejects(
      startTestService({
        config: { auditLog: 'writes', auditLogFile: path.join(folder, 'none/audit.log') },
        databaseUrl: test.databaseUrl,
      }),
      /\[stockroom\] audit_log_file.*ENOENT/,
    );
  });
});
