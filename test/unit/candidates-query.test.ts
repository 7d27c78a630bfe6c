import assert from 'node:assert/strict';
import { negotiate } from '../../src/http/microversions.js';
import { parseQuery } from '../../src/http/query.js';
import { parseCandidatesQuery } from '../../src/resources/allocation-candidates/parse.js';
import { processorUnit } from '../support/processor-time.js';

const NEWEST = negotiate('placement 1.39');
const many = (count: number, each: (i: number) => string, between = '&'): string =>
  Array.from({ length: count }, (_, i) => each(i)).join(between);

/** The least of several counts: the first one pays for compiling, any may pay for garbage of the tests before (10 ms, once 187 in CI). */
const ATTEMPTS = 5;

/** Each is as long as the largest head of a request allows, and took from 0.3 to 8 s when its parts were compared pair by pair. */
const LONG: readonly (readonly [name: string, query: string])[] = [
  [
    '1,200 groups and 4,000 limits',
    `${many(1200, (i) => `resources_${i}=A:1`)}&group_policy=none${'&limit=1'.repeat(4000)}`,
  ],
  [
    '1,200 groups and 2,500 limits that differ',
    `${many(1200, (i) => `resources_${i}=A:1`)}&group_policy=none&${many(2500, (i) => `limit=${i + 1}`)}`,
  ],
  [
    '13,000 traits that are required, and 5,000 that are forbidden',
    `resources=VCPU:1&required=${many(13_000, () => 'A', ',')},${many(5000, (i) => `!B${i}`, ',')}`,
  ],
  [
    '10,000 root traits that are required, and 5,000 that are forbidden',
    `resources=VCPU:1&root_required=${many(10_000, () => 'A', ',')},${many(5000, (i) => `!B${i}`, ',')}`,
  ],
];

describe('the query of allocation candidates', () => {
  let bound: number;

  before(() => {
    bound = 3 * processorUnit();
  });

  for (const [name, text] of LONG) {
    it(`is parsed in time that grows with its length: ${name}`, () => {
      assert.ok(text.length < 65_536, `${text.length} bytes`);
      const query = parseQuery(text);
      const attempts = Array.from({ length: ATTEMPTS }, () => {
        const began = process.cpuUsage();
        const { groups } = parseCandidatesQuery(query, NEWEST);
        const { user, system } = process.cpuUsage(began);
        assert.ok(groups.length > 0);
        return (user + system) / 1000;
      });
      assert.ok(Math.min(...attempts) < bound, `${attempts.join(', ')} ms of the processor, of ${bound} ms`);
    });
  }

  it('may repeat limit and group_policy: the first value counts, and every one must be right', () => {
    const parse = (text: string) => parseCandidatesQuery(parseQuery(text), NEWEST);
    const parsed = parse('resources=VCPU:1&limit=3&limit=4&group_policy=isolate&group_policy=none');
    assert.deepEqual([parsed.limit, parsed.groupPolicy], [3, 'isolate']);
    for (const wrong of ['limit=0&limit=4', 'limit=4&limit=0&limit=4', 'group_policy=no&group_policy=none']) {
      assert.throws(() => parse(`resources=VCPU:1&${wrong}`), { status: 400 }, wrong);
    }
    const old = negotiate('placement 1.16');
    assert.throws(() => parseCandidatesQuery(parseQuery('resources=VCPU:1&limit=0&limit=4'), old), { status: 400 });
    assert.equal(parseCandidatesQuery(parseQuery('resources=VCPU:1&limit=3&limit=4'), old).limit, 3);
  });
});
