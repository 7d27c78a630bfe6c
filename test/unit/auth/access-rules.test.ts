import assert from 'node:assert/strict';
import { isAllowed, matches, parseAccessRules, parsePath } from '../../../src/auth/keystone/access-rules.js';
import { assertWork } from '../../support/patience.js';

describe('access rules of application credentials', () => {
  const cases: [pattern: string, path: string, expected: boolean][] = [
    ['/traits', '/traits', true],
    ['/traits', '/traits/', false],
    ['/traits', '/trait', false],
    ['/traits/*', '/traits/HW_A', true],
    ['/traits/*', '/traits/', false],
    ['/traits/*', '/traits/a/b', false],
    ['/traits/{name}', '/traits/HW_A', true],
    ['/traits/{name}', '/traits/a/b', false],
    ['/resource_providers/*/inventories/*', '/resource_providers/1/inventories/VCPU', true],
    ['/resource_providers/*/inventories/*', '/resource_providers/1/2/inventories/VCPU', false],
    ['/resource_providers/**', '/resource_providers/1/inventories/VCPU', true],
    ['/resource_providers/**', '/resource_providers/', true],
    ['**', '', true],
    ['/**/inventories', '/a/b/inventories', true],
    ['/**/inventories', '/inventories', false],
    ['/a*c', '/abbc', true],
    ['/a*c', '/ac', false],
    // Upstream hands the literal part to a regular expression; here a dot is a dot.
    ['/a.c', '/abc', false],
    ['/{broken', '/{broken', true],
    ['/{a{b}/c', '/x/c', true],
    ['/{a}{', '/x{', true],
    ['/{a{', '/{a{', true],
    ['', '', true],
    ['', '/', false],
  ];
  for (const [pattern, path, expected] of cases) {
    it(`${JSON.stringify(pattern)} ${expected ? 'allows' : 'does not allow'} ${JSON.stringify(path)}`, () => {
      assert.equal(matches(parsePath(pattern), path), expected);
    });
  }

  it('are read in time that grows with their length', () => {
    const began = process.cpuUsage();
    parsePath('{'.repeat(200_000));
    assertWork(5000, began);
  });

  it('compares service and method exactly', () => {
    const rules = parseAccessRules([{ service: 'placement', method: 'GET', path: '/traits' }]);
    assert.equal(isAllowed(rules, 'placement', 'GET', '/traits'), true);
    assert.equal(isAllowed(rules, 'placement', 'PUT', '/traits'), false);
    assert.equal(isAllowed(rules, 'compute', 'GET', '/traits'), false);
  });

  it('takes what is no rule for one that allows nothing', () => {
    for (const value of [null, 'all', {}, [null], [{}], [{ service: 'placement', method: 'GET', path: 5 }], [['a']]]) {
      assert.equal(isAllowed(parseAccessRules(value), 'placement', 'GET', '/traits'), false, JSON.stringify(value));
    }
  });

  it('is not kept busy by a pattern made for that', () => {
    const start = process.cpuUsage();
    assert.equal(matches(parsePath('**a*'.repeat(60) + 'b'), '/' + 'a'.repeat(8000)), false);
    assertWork(500, start);
  });
});
