import assert from 'node:assert/strict';
import fc from 'fast-check';
import { includes, isVisible, parseSnapshot, type PgSnapshot } from '../../src/topology/pg-snapshot.js';
import { connect, createTestDatabase, dropTestDatabase } from '../support/database.js';

describe('a snapshot of PostgreSQL', () => {
  it('reads the text form of pg_snapshot', () => {
    const none: ReadonlySet<bigint> = new Set();
    assert.deepEqual(parseSnapshot('10:10:'), { xmin: 10n, xmax: 10n, running: none });
    assert.deepEqual(parseSnapshot('10:20:10,14,15'), { xmin: 10n, xmax: 20n, running: new Set([10n, 14n, 15n]) });
    // Transaction ids have 64 bits, more than a double holds.
    assert.equal(parseSnapshot('9007199254740993:18446744073709551615:').xmin, 9007199254740993n);
  });

  for (const text of ['', '10', '10:20', ':20:', '10:20:x', '-1:20:', '10:20:11:12', ' 10:20:']) {
    it(`rejects ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseSnapshot(text), /not a pg_snapshot/);
    });
  }

  it('sees what was finished, and neither what was running nor what had not begun', () => {
    const snapshot = parseSnapshot('10:20:10,14');
    const seen = [9n, 10n, 11n, 13n, 14n, 15n, 19n, 20n, 21n].filter((xid) => isVisible(xid, snapshot));
    assert.deepEqual(seen, [9n, 11n, 13n, 15n, 19n]);
  });

  const pairs: [newer: string, older: string, expected: boolean][] = [
    ['10:20:10', '10:20:10', true],
    ['20:20:', '10:20:10', true],
    ['10:25:10,22', '10:20:10', true],
    ['10:20:10', '10:21:10', false],
    ['9:20:9', '10:20:10', false],
    ['10:20:10,15', '10:20:10', false],
    ['10:30:10,15', '10:20:10', false],
    ['15:30:15', '10:20:10,15', true],
  ];
  for (const [newer, older, expected] of pairs) {
    it(`${newer} ${expected ? 'includes' : 'does not include'} ${older}`, () => {
      assert.equal(includes(parseSnapshot(newer), parseSnapshot(older)), expected);
    });
  }

  it('never includes a snapshot that saw a transaction more', () => {
    fc.assert(
      fc.property(snapshots(), snapshots(), (a, b) => {
        const newer = parseSnapshot(a);
        const older = parseSnapshot(b);
        const missed = XIDS.some((xid) => isVisible(xid, older) && !isVisible(xid, newer));
        if (includes(newer, older)) assert.ok(!missed);
        // The other way round it may be stricter, where an id below xmin proves another history; never for a later time.
        if (!missed && newer.xmin >= older.xmin && newer.xmax >= older.xmax) assert.ok(includes(newer, older));
      }),
      { numRuns: 2000 },
    );
  });

  it('includes every snapshot of the same server taken earlier', () => {
    const step = fc.oneof(fc.constant('begin' as const), fc.nat({ max: 5 }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        let next = 100n;
        const running: bigint[] = [];
        const taken: PgSnapshot[] = [];
        for (const one of steps) {
          if (one === 'begin') running.push(next++);
          else running.splice(one, 1);
          const xmin = running.length === 0 ? next : running.reduce((a, b) => (a < b ? a : b));
          taken.push(parseSnapshot(`${xmin}:${next}:${running.join()}`));
        }
        taken.forEach((newer, at) => {
          for (const older of taken.slice(0, at)) assert.ok(includes(newer, older));
        });
      }),
      { numRuns: 300 },
    );
  });

  it('agrees with pg_visible_in_snapshot of a real PostgreSQL', async () => {
    const url = await createTestDatabase();
    const client = await connect(url);
    try {
      const texts = fc.sample(snapshots(), 100);
      const { rows } = await client.query<{ text: string; xid: string; visible: boolean }>(
        `select text, xid::text, pg_visible_in_snapshot(xid::text::xid8, text::pg_snapshot) as visible
         from unnest($1::text[]) text, generate_series(95, 125) xid`,
        [texts],
      );
      assert.ok(rows.length >= 3100);
      for (const { text, xid, visible } of rows) {
        assert.equal(isVisible(BigInt(xid), parseSnapshot(text)), visible, `${xid} in ${text}`);
      }
    } finally {
      await client.end();
      await dropTestDatabase(url);
    }
  });
});

const XIDS = Array.from({ length: 31 }, (_, n) => BigInt(95 + n));

/** Any snapshot that PostgreSQL could print, with ids around 100. */
function snapshots(): fc.Arbitrary<string> {
  return fc
    .record({ xmin: fc.integer({ min: 100, max: 110 }), width: fc.nat({ max: 10 }), running: fc.array(fc.nat(9)) })
    .map(({ xmin, width, running }) => {
      // The oldest running transaction is xmin itself.
      const ids = width === 0 ? [] : [0, ...running.filter((offset) => offset < width)].map((offset) => xmin + offset);
      return `${xmin}:${xmin + width}:${[...new Set(ids)].sort((a, b) => a - b).join()}`;
    });
}
