import assert from 'node:assert/strict';
import { differences } from '../../src/topology/differences.js';
import { assertIndexed, assertSame } from '../support/compare.js';
import { createTestDatabase, dropTestDatabase, sql } from '../support/database.js';
import { SEED, STATEMENTS } from '../support/hand-typed-sql.js';
import { freshTopology, startReplica, type Replica } from '../support/replica.js';

/** The next read of every process shows each change that an operator types: the triggers record it. */
describe('capture of hand-typed SQL', () => {
  let url: string;
  let replica: Replica;
  before(async () => {
    url = await createTestDatabase();
  });
  after(() => dropTestDatabase(url));
  beforeEach(async () => {
    await sql(url, SEED.join(';'));
    replica = startReplica(url);
    await replica.current();
  });
  afterEach(() => replica.close());

  for (const [what, statement, expectation = 'followed'] of STATEMENTS) {
    it(`${what} is ${expectation === 'reloaded' ? 'seen, by loading everything' : 'followed'}`, async () => {
      const before = await freshTopology(url);
      await sql(url, statement);
      const view = await replica.current();
      const after = await freshTopology(url);
      assert.notDeepEqual(differences(before, after), [], 'the statement changes nothing, so the test shows nothing');
      assertSame(view, after);
      assertIndexed(view, ['one', 'two', 'three', 'four', 'five']);
      assert.equal(replica.status().loads, expectation === 'reloaded' ? 2 : 1);
    });
  }

  it('statements without effect leave nothing in the journal', async () => {
    await sql(url, 'delete from topology_changes');
    await sql(url, `update resource_providers set name = 'x' where false; delete from inventories where false`);
    assert.deepEqual(await sql(url, 'select from topology_changes'), []);
  });

  it('notes an object once a transaction, however often it is written', async () => {
    await sql(url, 'delete from topology_changes');
    await sql(url, `do $$ begin for n in 1..50 loop update resource_providers set generation = n; end loop; end $$`);
    assert.equal((await sql(url, 'select from topology_changes')).length, 4);
  });
});
