import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { claim } from '../support/claims.js';
import { connect, createTestDatabase, dropTestDatabase } from '../support/database.js';
import { cleanUp, startProcess } from '../support/process.js';
import { createProvider, setInventories, type Api } from '../support/service.js';

describe('what one process has acknowledged, another knows', () => {
  let databaseUrl: string;
  let writer: Api;
  let reader: Api;
  before(async () => {
    databaseUrl = await createTestDatabase();
    const env = { OS_PLACEMENT_DATABASE__CONNECTION: databaseUrl };
    const processes = [startProcess(['--port', '0'], env), startProcess(['--port', '0'], env)];
    const [first, second] = await Promise.all(processes.map((one) => one.listening()));
    [writer, reader] = [first?.api as Api, second?.api as Api];
  });
  after(async () => {
    await cleanUp();
    await dropTestDatabase(databaseUrl);
  });

  /** One unit at a time is taken and given back; the client that is told so asks the other process at once. */
  async function hammer(rounds: number): Promise<void> {
    const host = await createProvider(writer, randomUUID());
    await setInventories(writer, host, { VGPU: { total: 1 } });
    const fits = async () => {
      const { body } = await reader.get(`/allocation_candidates?resources=VGPU:1&in_tree=${host}`).expect(200);
      return (body as { allocation_requests: unknown[] }).allocation_requests.length;
    };
    for (let round = 0; round < rounds; round++) {
      const consumer = randomUUID();
      assert.equal(await fits(), 1, `round ${round}: free`);
      await claim(writer, { [host]: { VGPU: 1 } }, { consumer }).expect(204);
      assert.equal(await fits(), 0, `round ${round}: taken`);
      await writer.delete(`/allocations/${consumer}`).expect(204);
    }
  }

  it('always, with other readers asking all the time', async () => {
    let asking = true;
    const readers = Promise.all(
      Array.from({ length: 8 }, async () => {
        while (asking) await reader.get('/allocation_candidates?resources=VGPU:1').expect(200);
      }),
    );
    try {
      await hammer(100);
    } finally {
      asking = false;
      await readers;
    }
  });

  it('also while a third connection holds a long write transaction open', async () => {
    const other = await createProvider(writer, 'other');
    const third = await connect(databaseUrl);
    await third.query('begin');
    await third.query('update resource_providers set updated_at = now() where uuid = $1', [other]);
    await hammer(50);
    await third.query('update resource_providers set name = $2 where uuid = $1', [other, 'renamed at last']);
    await third.query('commit');
    await third.end();
    const { body } = await reader.get(`/resource_providers/${other}`).expect(200);
    assert.equal(body.name, 'renamed at last');
  });

  it('on several hosts at once', async () => {
    await Promise.all(Array.from({ length: 6 }, () => hammer(20)));
  });
});
