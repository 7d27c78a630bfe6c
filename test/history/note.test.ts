import assert from 'node:assert/strict';
import type pg from 'pg';
import { settingAuthor } from '../../src/history/set-author.js';
import { connect, createTestDatabase, dropTestDatabase } from '../support/database.js';

const AUTHOR = {
  requestId: 'req-1',
  globalRequestId: null,
  userId: 'nul \0 and a lone \ud800',
  projectId: 'p1',
  route: 'PUT /traits/{name}',
  version: '1.36',
};

describe('A request that is noted by the statement that writes', () => {
  let databaseUrl: string;
  let session: pg.Client;
  before(async () => {
    databaseUrl = await createTestDatabase();
    session = await connect(databaseUrl);
  });
  after(async () => {
    await session.end();
    await dropTestDatabase(databaseUrl);
  });
  beforeEach(() => session.query('begin'));
  afterEach(() => session.query('rollback'));

  const written = async (text: string, values: unknown[] = []): Promise<unknown[]> => {
    const { rows } = await session.query<{ name: string }>(settingAuthor(AUTHOR).within({ text, values }));
    const { rows: noted } = await session.query<{ request: unknown }>(
      `select history_noted_list(request) as request from history_changes where xid = pg_current_xact_id() order by seq`,
    );
    for (const { request } of noted)
      assert.deepEqual(request, ['req-1', null, 'nul  and a lone \ufffd', 'p1', AUTHOR.route, AUTHOR.version, null]);
    assert.equal(noted.length, rows.length);
    return rows.map(({ name }) => name);
  };
  const INSERT = 'insert into traits (name) select name from new returning name';

  it('leaves a plain statement as it is', async () => {
    assert.deepEqual(await written('insert into traits (name) values ($1) returning name', ['CUSTOM_A']), ['CUSTOM_A']);
  });

  it('leaves a statement with parts as it is', async () => {
    assert.deepEqual(await written(`with new as (select $1 as name) ${INSERT}`, ['CUSTOM_B']), ['CUSTOM_B']);
  });

  it('keeps parts that refer to themselves, and comments in front', async () => {
    const recursive = `recursive new (name, n) as (
      values ($1::text, 1) union all select $1 || '_' || n, n + 1 from new where n < 3)`;
    const names = ['CUSTOM_C', 'CUSTOM_C_1', 'CUSTOM_C_2'];
    assert.deepEqual(
      await written(`-- with a comment\n/* and\n another */ WITH ${recursive} ${INSERT}`, ['CUSTOM_C']),
      names,
    );
  });
});
