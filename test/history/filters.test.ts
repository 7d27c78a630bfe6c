import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { batchesStatement, sealedStatement, type Limits } from '../../src/history/rows.sql.js';
import { claim } from '../support/claims.js';
import { sql } from '../support/database.js';
import { changesPage, changesSince, historyNow } from '../support/history.js';
import { createProvider, setInventories, startTestService, type TestService } from '../support/service.js';

const OTHERS = 30_000;

/** What `explain` says of a part of a plan. */
interface Node {
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Index Recheck'?: number;
  readonly 'Actual Loops': number;
  readonly Plans?: readonly Node[];
}

describe('The changes of one provider or consumer', () => {
  let test: TestService;
  const consumer = randomUUID();
  let host: string;
  let since: string;
  let [first, last] = [0, 0];
  before(async () => {
    test = await startTestService();
    host = await createProvider(test.api, 'h1');
    await setInventories(test.api, host, { VCPU: { total: 8 } });
    since = await historyNow(test.api);
    first = Number(since.split('.')[1]);
    await claim(test.api, { [host]: { VCPU: 1 } }, { consumer, project_id: 'p', user_id: 'u' }).expect(204);
    await sql(
      test.databaseUrl,
      `insert into history_changes (kind, provider_id, consumer_id, after) select 1, 1000000 + n, 1000000 + n, '{"VCPU": 1}' from generate_series(1, ${OTHERS}) n`,
    );
    await sql(test.databaseUrl, 'truncate resource_provider_traits');
    await test.api.delete(`/allocations/${consumer}`).expect(204);
    last = Number((await historyNow(test.api)).split('.')[1]) - 1;
    await sql(test.databaseUrl, 'vacuum analyze');
  });
  after(() => test.close());

  const limits = { kinds: false, providers: false, consumers: false, request: false };

  /** How many rows a statement reads in vain. */
  async function readInVain(text: string, values: unknown[]): Promise<number> {
    const [row] = await sql<{ 'QUERY PLAN': readonly { Plan: Node }[] }>(
      test.databaseUrl,
      `explain (analyze, timing off, format json) ${text}`,
      values,
    );
    const count = (node: Node): number =>
      ((node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0)) * node['Actual Loops'] +
      (node.Plans ?? []).reduce((sum, each) => sum + count(each), 0);
    return count(row!['QUERY PLAN'][0]!.Plan);
  }

  for (const [name, wanted, column, table] of [
    ['provider', { ...limits, providers: true }, 'id', 'resource_providers'],
    ['consumer', { ...limits, consumers: true }, 'id', 'history_gone'],
  ] as [string, Limits, string, string][]) {
    it(`are found by an index, among ${OTHERS} others: ${name}`, async () => {
      const [{ id } = {}] = await sql(
        test.databaseUrl,
        `select ${column} as id from ${table} where uuid in ('${host}', '${consumer}')`,
      );
      const [one, many] = await Promise.all(
        ([true, false] as const).map((isOne) =>
          readInVain(batchesStatement(wanted, 'oldest', isOne), [first, last, first, 0, 100, 0, [id]]),
        ),
      );
      const sealed = await readInVain(sealedStatement(wanted), [OTHERS * 2, 0, 100, [id]]);
      for (const rows of [one, many, sealed]) assert.ok((rows ?? NaN) < 1000, `${rows} rows are read in vain`);
    });
  }

  it('have the emptying of a table among them, in its place, forwards and backwards', async () => {
    for (const query of [`provider=${host}`, `consumer=${consumer}`, `provider=${host}&kind=allocations`]) {
      const changes = await changesSince(test.api, since, `${query}&limit=2`);
      const told = changes.map(({ kind, action }) => `${kind} ${action}`);
      assert.deepEqual(told, ['allocations created', 'everything deleted', 'allocations deleted'], query);
      const { changes: backwards } = await changesPage(test.api, `order=newest&limit=3&${query}`);
      assert.deepEqual(backwards, changes.toReversed());
    }
  });
});
