import assert from 'node:assert/strict';
import { createChecker } from '../linearizable/checker.js';
import { parseEvent } from '../linearizable/history.js';

type Line = [client: string, type: 'invoke' | 'ok' | 'fail' | 'info', op: string, more?: Record<string, unknown>];

/** Lines of a history of one key, a millisecond apart. */
function history(...lines: Line[]): string[] {
  return lines.map(([client, type, op, more], index) =>
    JSON.stringify({ time: index, type, client, op, key: 'k', ...more }),
  );
}

/** Both events of an operation during which nothing else happens. */
function whole(client: string, op: string, more: Record<string, unknown>, type: 'ok' | 'fail' | 'info' = 'ok'): Line[] {
  const { key = 'k' } = more;
  const asked = op === 'write' || op === 'claim' ? more : { key };
  return [
    [client, 'invoke', op, asked],
    [client, type, op, more],
  ];
}

const state = (generation: number, value = `v${generation}`) => ({ generation, value });
const usage = (generation: number, used: number, capacity = 10) => ({ generation, used, capacity });

/** What a snapshot says of registers `k`, `l`, ...: their generations. */
const generations = (of: Record<string, number>) => ({
  key: 'all',
  reads: Object.entries(of).map(([key, generation]) => ({ op: 'read', key, generation })),
});
const values = (of: Record<string, string>) => ({
  key: 'all',
  reads: Object.entries(of).map(([key, value]) => ({ op: 'read', key, value })),
});
const used = (of: Record<string, number>, capacity = 10) => ({
  key: 'all',
  reads: Object.entries(of).map(([key, used]) => ({ op: 'usage', key, used, capacity })),
});
const ASK = { key: 'all' };
/** Two registers that are read before anything else happens. */
const TWO_REGISTERS: Line[] = [
  ...whole('a', 'read', { key: 'k', ...state(0, 'k0') }),
  ...whole('a', 'read', { key: 'l', ...state(0, 'l0') }),
];
const writeOf = (client: string, key: string, generation: number): Line[] =>
  whole(client, 'write', { key, ...state(generation, `${key}${generation}`) });

function anomaliesOf(lines: readonly string[]): string[] {
  const checker = createChecker();
  for (const line of lines) checker.add(parseEvent(line));
  return checker.anomalies.map(({ kind }) => kind);
}

const GOOD: Record<string, Line[]> = {
  'reads that follow writes': [
    ...whole('a', 'read', state(0)),
    ...whole('a', 'write', state(1)),
    ...whole('b', 'read', state(1)),
    ...whole('b', 'write', state(2)),
    ...whole('a', 'read', state(2)),
  ],
  'reads of either state while the write is under way': [
    ...whole('a', 'read', state(0)),
    ['a', 'invoke', 'write', state(1)],
    ['b', 'invoke', 'read'],
    ['c', 'invoke', 'read'],
    ['c', 'ok', 'read', state(1)],
    ['b', 'ok', 'read', state(0)],
    ['a', 'ok', 'write', state(1)],
  ],
  'a write of unknown outcome that was made': [
    ...whole('a', 'read', state(0)),
    ...whole('a', 'write', state(1), 'info'),
    ...whole('b', 'read', state(0)),
    ...whole('b', 'read', state(1)),
  ],
  'a write of unknown outcome that was not made, and another in its place': [
    ...whole('a', 'read', state(0)),
    ...whole('a', 'write', state(1, 'x'), 'info'),
    ...whole('b', 'write', state(1, 'y')),
    ...whole('a', 'read', state(1, 'y')),
  ],
  'one of two writes fails': [
    ...whole('a', 'read', state(0)),
    ['a', 'invoke', 'write', state(1, 'x')],
    ['b', 'invoke', 'write', state(1, 'y')],
    ['a', 'ok', 'write', state(1, 'x')],
    ['b', 'fail', 'write', state(1, 'y')],
    ...whole('b', 'read', state(1, 'x')),
  ],
  'claims up to the capacity': [
    ...whole('a', 'claim', { amount: 4 }),
    ...whole('b', 'claim', { amount: 6 }),
    ...whole('c', 'claim', { amount: 1 }, 'fail'),
    ...whole('a', 'usage', usage(2, 10)),
    ...whole('b', 'claim', { amount: -6 }),
    ...whole('a', 'usage', usage(3, 4)),
  ],
  'a claim of unknown outcome, seen or not': [
    ...whole('a', 'claim', { amount: 4 }, 'info'),
    ...whole('b', 'usage', usage(0, 0)),
    ...whole('b', 'usage', usage(1, 4)),
  ],
  'snapshots between writes, by generation and by value': [
    ...TWO_REGISTERS,
    ...whole('b', 'snapshot', generations({ k: 0, l: 0 })),
    ...writeOf('a', 'k', 1),
    ...whole('b', 'snapshot', generations({ k: 1, l: 0 })),
    ...whole('c', 'snapshot', values({ k: 'k1', l: 'l0' })),
    ...writeOf('a', 'l', 1),
    ...whole('c', 'snapshot', values({ k: 'k1', l: 'l1' })),
    ...whole('b', 'snapshot', generations({ k: 1, l: 1 })),
  ],
  'snapshots beside writes that are under way': [
    ...TWO_REGISTERS,
    ['a', 'invoke', 'write', { key: 'k', ...state(1, 'k1') }],
    ['b', 'invoke', 'write', { key: 'l', ...state(1, 'l1') }],
    ['c', 'invoke', 'snapshot', ASK],
    ['d', 'invoke', 'snapshot', ASK],
    ['e', 'invoke', 'snapshot', ASK],
    ['d', 'ok', 'snapshot', generations({ k: 1, l: 1 })],
    ['c', 'ok', 'snapshot', generations({ k: 0, l: 0 })],
    ['e', 'ok', 'snapshot', generations({ k: 1, l: 0 })],
    ['a', 'ok', 'write', { key: 'k', ...state(1, 'k1') }],
    ['b', 'ok', 'write', { key: 'l', ...state(1, 'l1') }],
  ],
  'a snapshot of the middle, which ends last': [
    ...TWO_REGISTERS,
    ['c', 'invoke', 'snapshot', ASK],
    ...writeOf('a', 'k', 1),
    ...writeOf('a', 'l', 1),
    ...writeOf('a', 'k', 2),
    ['c', 'ok', 'snapshot', values({ k: 'k1', l: 'l0' })],
  ],
  'a write of unknown outcome that a snapshot shows by its generation, and then its value': [
    ...TWO_REGISTERS,
    ...whole('a', 'write', { key: 'k', ...state(1, 'k1') }, 'info'),
    ...whole('b', 'snapshot', generations({ k: 1, l: 0 })),
    ...whole('b', 'read', { key: 'k', ...state(1, 'k1') }),
  ],
  'counters that a snapshot shows': [
    ...whole('a', 'claim', { key: 'c', amount: 4 }),
    ['b', 'invoke', 'claim', { key: 'd', amount: 6 }],
    ...whole('a', 'snapshot', used({ c: 4, d: 0 })),
    ...whole('a', 'snapshot', used({ c: 4, d: 6 })),
    ['b', 'ok', 'claim', { key: 'd', amount: 6 }],
  ],
};

const BAD: Record<string, [string, Line[]]> = {
  'an old state after the write was acknowledged': [
    'stale read',
    [...whole('a', 'read', state(0)), ...whole('a', 'write', state(1)), ...whole('b', 'read', state(0))],
  ],
  'an old state after another client read the new one': [
    'stale read',
    [
      ...whole('a', 'read', state(0)),
      ['a', 'invoke', 'write', state(1)],
      ...whole('b', 'read', state(1)),
      ...whole('c', 'read', state(0)),
      ['a', 'ok', 'write', state(1)],
    ],
  ],
  'an older generation for the same client': [
    'generation back',
    [
      ...whole('a', 'read', state(0)),
      ...whole('a', 'write', state(1)),
      ...whole('b', 'read', state(1)),
      ...whole('a', 'read', state(0)),
    ],
  ],
  'an acknowledged write that is replaced at its generation': [
    'lost write',
    [
      ...whole('a', 'read', state(0)),
      ...whole('b', 'write', state(1, 'other'), 'info'),
      ...whole('a', 'write', state(1)),
      ...whole('b', 'read', state(1, 'other')),
    ],
  ],
  'two acknowledged writes of the same generation, as after a split brain': [
    'two writes of a generation',
    [
      ...whole('a', 'read', state(0)),
      ['a', 'invoke', 'write', state(1, 'x')],
      ['b', 'invoke', 'write', state(1, 'y')],
      ['a', 'ok', 'write', state(1, 'x')],
      ['b', 'ok', 'write', state(1, 'y')],
    ],
  ],
  'a write with an old generation': [
    'write over a newer one',
    [
      ...whole('a', 'read', state(0)),
      ...whole('b', 'write', state(1), 'info'),
      ...whole('a', 'write', state(2)),
      ...whole('b', 'write', state(1)),
    ],
  ],
  'a state that no client wrote': [
    'value from no write',
    [...whole('a', 'read', state(0)), ...whole('b', 'read', state(1))],
  ],
  'a state that is written later': [
    'value from no write, write over a newer one',
    [...whole('a', 'read', state(0)), ...whole('b', 'read', state(1)), ...whole('a', 'write', state(1))],
  ],
  'a write that failed and is read': [
    'value from no write',
    [...whole('a', 'read', state(0)), ...whole('a', 'write', state(1), 'fail'), ...whole('b', 'read', state(1))],
  ],
  'a write that is read and fails then': [
    'failed write is there',
    [
      ...whole('a', 'read', state(0)),
      ['a', 'invoke', 'write', state(1)],
      ...whole('b', 'read', state(1)),
      ['a', 'fail', 'write', state(1)],
    ],
  ],
  'two states of a generation': [
    'two values of a generation',
    [...whole('a', 'read', state(0)), ...whole('b', 'read', state(0, 'other'))],
  ],
  'more in use than there is': [
    'over-allocation',
    [...whole('a', 'claim', { amount: 11 }), ...whole('a', 'usage', usage(1, 11))],
  ],
  'less in use than was acknowledged': [
    'lost claim',
    [...whole('a', 'claim', { amount: 4 }), ...whole('b', 'usage', usage(1, 0))],
  ],
  'more in use than was asked for': ['usage from no claim', whole('b', 'usage', usage(1, 4))],
  'an old usage after a newer one': [
    'stale read',
    [
      ...whole('a', 'claim', { amount: 4 }, 'info'),
      ...whole('b', 'usage', usage(1, 4)),
      ...whole('c', 'usage', usage(0, 0)),
    ],
  ],
  'two snapshots of which each has a write that the other has not': [
    'two moments',
    [
      ...TWO_REGISTERS,
      ['a', 'invoke', 'write', { key: 'k', ...state(1, 'k1') }],
      ['b', 'invoke', 'write', { key: 'l', ...state(1, 'l1') }],
      ['c', 'invoke', 'snapshot', ASK],
      ['d', 'invoke', 'snapshot', ASK],
      ['c', 'ok', 'snapshot', generations({ k: 1, l: 0 })],
      ['d', 'ok', 'snapshot', generations({ k: 0, l: 1 })],
    ],
  ],
  'a snapshot that has the later of two writes and not the earlier': [
    'two moments',
    [
      ...TWO_REGISTERS,
      ['c', 'invoke', 'snapshot', ASK],
      ...writeOf('a', 'k', 1),
      ...writeOf('b', 'l', 1),
      ['c', 'ok', 'snapshot', generations({ k: 0, l: 1 })],
    ],
  ],
  'the same by the values': [
    'two moments',
    [
      ...TWO_REGISTERS,
      ['c', 'invoke', 'snapshot', ASK],
      ...writeOf('a', 'k', 1),
      ...writeOf('b', 'l', 1),
      ['c', 'ok', 'snapshot', values({ k: 'k0', l: 'l1' })],
    ],
  ],
  'a snapshot with an old state of one register': [
    'stale read',
    [...TWO_REGISTERS, ...writeOf('a', 'l', 1), ...whole('b', 'snapshot', generations({ k: 0, l: 0 }))],
  ],
  'an old value in a snapshot': [
    'stale read',
    [...TWO_REGISTERS, ...writeOf('a', 'l', 1), ...whole('b', 'snapshot', values({ k: 'k0', l: 'l0' }))],
  ],
  'an older generation than the snapshot before had': [
    'generation back',
    [
      ...TWO_REGISTERS,
      ['a', 'invoke', 'write', { key: 'l', ...state(1, 'l1') }],
      ...whole('b', 'snapshot', generations({ k: 0, l: 1 })),
      ...whole('b', 'snapshot', generations({ k: 0, l: 0 })),
    ],
  ],
  'a lost write in a snapshot': [
    'stale read',
    [...TWO_REGISTERS, ...writeOf('a', 'k', 1), ...whole('b', 'snapshot', values({ k: 'k0', l: 'l0' }))],
  ],
  'a generation in a snapshot that no client wrote': [
    'value from no write',
    [...TWO_REGISTERS, ...whole('b', 'snapshot', generations({ k: 1, l: 0 }))],
  ],
  'a value in a snapshot that no client wrote': [
    'value from no write',
    [...TWO_REGISTERS, ...whole('b', 'snapshot', values({ k: 'other', l: 'l0' }))],
  ],
  'a write that a snapshot shows by its generation and that fails then': [
    'failed write is there',
    [
      ...TWO_REGISTERS,
      ['a', 'invoke', 'write', { key: 'k', ...state(1, 'k1') }],
      ...whole('b', 'snapshot', generations({ k: 1, l: 0 })),
      ['a', 'fail', 'write', { key: 'k', ...state(1, 'k1') }],
    ],
  ],
  'less in use in a snapshot than was acknowledged': [
    'lost claim',
    [...whole('a', 'claim', { key: 'c', amount: 4 }), ...whole('b', 'snapshot', used({ c: 0, d: 0 }))],
  ],
  'more in use in a snapshot than there is': [
    'over-allocation',
    [...whole('a', 'claim', { key: 'c', amount: 11 }), ...whole('b', 'snapshot', used({ c: 11, d: 0 }))],
  ],
  'an event that ends nothing': ['broken history', [['a', 'ok', 'read', state(0)]]],
};

describe('the check of histories', () => {
  for (const [what, lines] of Object.entries(GOOD)) {
    it(`finds nothing in ${what}`, () => {
      assert.deepEqual(anomaliesOf(history(...lines)), []);
    });
  }

  for (const [what, [kind, lines]] of Object.entries(BAD)) {
    it(`finds ${what}`, () => {
      assert.equal(anomaliesOf(history(...lines)).join(', '), kind);
    });
  }

  it('remembers as much as the longest operation needs', () => {
    const writes = Array.from({ length: 10_000 }, (_, at) => writeOf('a', 'k', at + 1)).flat();
    const slow: Line[] = [...TWO_REGISTERS, ['b', 'invoke', 'read', { key: 'k' }], ...writes];
    assert.deepEqual(anomaliesOf(history(...slow, ['b', 'ok', 'read', { key: 'k', ...state(0, 'k0') }])), []);
    assert.deepEqual(anomaliesOf(history(...slow, ['b', 'ok', 'read', { key: 'k', ...state(7, 'k8') }])), [
      'lost write',
    ]);
    const late = whole('b', 'read', { key: 'k', ...state(0, 'k0') });
    assert.deepEqual(anomaliesOf(history(...TWO_REGISTERS, ...writes, ...late)), ['stale read']);
  });

  it('rejects a line that is no event', () => {
    for (const line of [
      '{"time":1,"type":"ok","client":"a","key":"k","op":"read"}',
      '{"time":1,"type":"invoke","client":"a","key":"k","op":"append"}',
      '{"type":"invoke","client":"a","key":"k","op":"read"}',
      '{"time":1,"type":"ok","client":"a","key":"k","op":"snapshot"}',
      '{"time":1,"type":"ok","client":"a","key":"k","op":"snapshot","reads":[{"op":"read","key":"l"}]}',
    ])
      assert.throws(() => parseEvent(line), /not an event of a history/);
  });

  it('counts what ended well', () => {
    const checker = createChecker();
    for (const line of history(...whole('a', 'read', state(0)), ...whole('a', 'write', state(1), 'info')))
      checker.add(parseEvent(line));
    assert.deepEqual(checker.counts, { read: 1, write: 0, usage: 0, claim: 0, snapshot: 0 });
  });

  it('counts each key of a snapshot', () => {
    const checker = createChecker();
    for (const line of history(...whole('a', 'snapshot', generations({ k: 1, l: 0 })))) checker.add(parseEvent(line));
    assert.deepEqual(checker.counts, { read: 2, write: 0, usage: 0, claim: 0, snapshot: 1 });
  });
});
