import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { defaultConfig } from '../../src/config.js';
import { composeService } from '../../src/compose.js';
import { createLog } from '../../src/ops/log.js';
import { claim, claimBody, generationOf } from '../support/claims.js';
import { createTestDatabase, dropTestDatabase, sql } from '../support/database.js';
import { checkLedger, checkNoOverbooking, forbidShrinkingGenerations } from '../support/ledger.js';
import { patience } from '../support/patience.js';
import { cleanUp, startProcess, type RunningProcess } from '../support/process.js';
import { codeOf, createProvider, messageOf, setInventories, type Api } from '../support/service.js';
import { until } from '../support/until.js';

describe('two service processes on one database', () => {
  let databaseUrl: string;
  let processes: [RunningProcess, RunningProcess];
  let apis: [Api, Api];
  beforeEach(async () => {
    databaseUrl = await createTestDatabase();
    const env = { OS_PLACEMENT_DATABASE__CONNECTION: databaseUrl, OS_OSLO_POLICY__ENFORCE_NEW_DEFAULTS: 'false' };
    processes = [startProcess(['--port', '0'], env), startProcess(['--port', '0'], env)];
    const [first, second] = await Promise.all(processes.map((one) => one.listening()));
    apis = [first?.api as Api, second?.api as Api];
  });
  afterEach(async () => {
    await cleanUp();
    await dropTestDatabase(databaseUrl);
  });

  it('make exactly 150 of 200 claims at once on room for 150; the rest get the capacity error', async () => {
    const host = await createProvider(apis[0], 'host');
    await setInventories(apis[0], host, { VCPU: { total: 150 } });
    const responses = await Promise.all(
      Array.from({ length: 200 }, (_, i) => claim(i % 2 === 0 ? apis[0] : apis[1], { [host]: { VCPU: 1 } })),
    );
    assert.equal(responses.filter(({ status }) => status === 204).length, 150);
    for (const { status, body } of responses.filter((response) => response.status !== 204)) {
      assert.equal(status, 409);
      assert.match(messageOf(body), /would exceed the capacity\.$/);
    }
    for (const api of apis) {
      const { body } = await api.get(`/resource_providers/${host}/usages`).expect(200);
      assert.equal(body.usages.VCPU, 150);
    }
    await checkLedger(databaseUrl);
  });

  it('see each other’s writes at once, always', async () => {
    const host = await createProvider(apis[0], 'host');
    await setInventories(apis[0], host, { VCPU: { total: 1_000_000 } });
    for (let used = 1; used <= 200; used++) {
      const [writer, reader] = used % 2 === 0 ? apis : [apis[1], apis[0]];
      await claim(writer, { [host]: { VCPU: 1 } }).expect(204);
      const { body } = await reader.get(`/resource_providers/${host}/usages`).expect(200);
      assert.equal(body.usages.VCPU, used);
    }
  });

  it('keep the ledger right under random claims, moves, deletes, reshapes and inventory changes', async function () {
    const load = await startLoad(apis, databaseUrl);
    // On a slow machine it takes longer until there are enough.
    for (let round = 0; round < 10 && load.accepted <= 100; round++) await load.run(5000);
    await checkLedger(databaseUrl);
    assert.ok(load.accepted > 100, `only ${load.accepted} writes were accepted`);
    assert.deepEqual(load.surprises, []);
    await checkNoOverbooking(databaseUrl, 'VCPU');
    // Each process returns what SQL says, and so does a topology that is loaded afresh.
    const service = composeService(defaultConfig({ auditInterval: 0 }), databaseUrl, createLog('silent'));
    assert.deepEqual(await service.topology.audit(), []);
    await service.close();
    for (const api of apis) await compareWithSql(api, databaseUrl);
  });

  it('lose nothing that was acknowledged when one is killed in the middle of it', async function () {
    const load = await startLoad(apis, databaseUrl);
    const running = load.run(patience(1000));
    await until('writes are accepted', () => load.accepted > 0);
    processes[1].signal('SIGKILL');
    await running;
    await checkLedger(databaseUrl);
    await checkNoOverbooking(databaseUrl, 'VCPU');
    // What a client was told last about a consumer is there; where the response was lost, it is whole or absent.
    for (const [consumer, outcomes] of load.consumers) {
      const { body } = await apis[0].get(`/allocations/${consumer}`).expect(200);
      const found = JSON.stringify(amountsOf(body.allocations));
      assert.ok(
        outcomes.has(found),
        `consumer ${consumer} has ${found}, expected one of ${[...outcomes].join(' or ')}`,
      );
    }
    assert.ok(load.lost > 0, 'the kill interrupted requests');
    await compareWithSql(apis[0], databaseUrl);
  });
});

const HOSTS = 12;
const CLIENTS = 8;

/** Clients that do what schedulers and operators do, at random, and remember what they were told. */
async function startLoad(apis: [Api, Api], databaseUrl: string) {
  await forbidShrinkingGenerations(databaseUrl);
  const hosts = await Promise.all(Array.from({ length: HOSTS }, (_, i) => createProvider(apis[0], `host-${i}`)));
  for (const host of hosts) await setInventories(apis[0], host, { VCPU: { total: 20 }, DISK_GB: { total: 100 } });
  /** What each consumer can have, given the responses: one outcome, or two after a lost response. */
  const consumers = new Map<string, Set<string>>();
  const generations = new Map<string, number>();
  const surprises: string[] = [];
  let accepted = 0;
  let lost = 0;

  const pick = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)] as T;
  const amount = () => 1 + Math.floor(Math.random() * 4);
  const someHosts = () =>
    Object.fromEntries(
      [...new Set([pick(hosts), pick(hosts)])].map((host) => [host, { VCPU: amount(), DISK_GB: amount() }]),
    );

  /** One client owns its consumers, so it knows the last response about each. */
  async function client(api: Api, end: number): Promise<void> {
    const mine: string[] = [];
    const write = async (consumer: string, allocations: Record<string, Record<string, number>>): Promise<void> => {
      const before = consumers.get(consumer) ?? new Set(['{}']);
      const after = JSON.stringify(amountsOf(claimBody(allocations)['allocations'] as object));
      consumers.set(consumer, new Set([...before, after]));
      const consumer_generation = generations.get(consumer) ?? null;
      const { status, body } = await claim(api, allocations, { consumer, consumer_generation });
      if (status === 204) {
        consumers.set(consumer, new Set([after]));
        if (after === '{}') generations.delete(consumer);
        else generations.set(consumer, (consumer_generation ?? 0) + 1);
        accepted++;
      } else {
        consumers.set(consumer, before);
        expectConflict(status, body, /would exceed the capacity|violate inventory constraints|' invalid\.$/);
      }
    };
    const expectConflict = (status: number, body: unknown, text: RegExp): void => {
      if (status !== 409 || !text.test(messageOf(body))) surprises.push(`${status} ${JSON.stringify(body)}`);
    };
    while (Date.now() < end) {
      const dice = Math.random();
      try {
        if (dice < 0.5 || mine.length === 0) {
          const consumer = randomUUID();
          await write(consumer, someHosts());
          mine.push(consumer);
        } else if (dice < 0.65) {
          await write(pick(mine), someHosts());
        } else if (dice < 0.75) {
          await write(pick(mine), {});
        } else if (dice < 0.85) {
          const consumer = pick(mine);
          const before = consumers.get(consumer) ?? new Set();
          consumers.set(consumer, new Set([...before, '{}']));
          const { status } = await api.delete(`/allocations/${consumer}`);
          if (status !== 204 && status !== 404) surprises.push(`DELETE ${status}`);
          consumers.set(consumer, new Set(['{}']));
          generations.delete(consumer);
        } else if (dice < 0.93) {
          const host = pick(hosts);
          const { status, body } = await api.put(`/resource_providers/${host}/inventories`, {
            resource_provider_generation: await generationOf(api, host),
            inventories: { VCPU: { total: 20 }, DISK_GB: { total: 100 + amount() } },
          });
          if (status === 200) accepted++;
          else if (codeOf(body) !== 'placement.concurrent_update') surprises.push(`PUT inventories ${status}`);
        } else {
          const host = pick(hosts);
          const { status, body } = await api.post('/reshaper', {
            inventories: {
              [host]: {
                resource_provider_generation: await generationOf(api, host),
                inventories: { VCPU: { total: 20 }, DISK_GB: { total: 101 } },
              },
            },
            allocations: {},
          });
          if (status === 204) accepted++;
          else if (codeOf(body) !== 'placement.concurrent_update')
            surprises.push(`reshaper ${status} ${JSON.stringify(body)}`);
        }
      } catch (error) {
        // The process was killed: the outcome is one of those noted, and this client has no service any more. An expectation that failed
        // has no code of the system.
        if (!/^(?:E[A-Z]+|UND_ERR_\w+)$/.test((error as NodeJS.ErrnoException).code ?? ''))
          surprises.push(String(error));
        lost++;
        return;
      }
    }
  }

  return {
    async run(milliseconds: number): Promise<void> {
      const end = Date.now() + milliseconds;
      await Promise.all(Array.from({ length: CLIENTS }, (_, i) => client(i % 2 === 0 ? apis[0] : apis[1], end)));
    },
    consumers,
    surprises,
    get accepted() {
      return accepted;
    },
    get lost() {
      return lost;
    },
  };
}

/** Amounts by provider and class in one order, to compare. */
function amountsOf(allocations: object): object {
  const entries = Object.entries(allocations as Record<string, { resources: Record<string, number> }>);
  return Object.fromEntries(
    entries
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([provider, { resources }]) => [provider, Object.fromEntries(Object.entries(resources).sort())]),
  );
}

async function compareWithSql(api: Api, databaseUrl: string): Promise<void> {
  const rows = await sql<{ uuid: string; generation: number; name: string; used: string }>(
    databaseUrl,
    `select p.uuid, p.generation, c.name, i.used from resource_providers p
     join inventories i on i.resource_provider_id = p.id join resource_classes c on c.id = i.resource_class_id`,
  );
  for (const { uuid, generation, name, used } of rows) {
    const { body } = await api.get(`/resource_providers/${uuid}/usages`).expect(200);
    assert.equal(body.resource_provider_generation, generation);
    assert.equal(body.usages[name], Number(used));
  }
}
