import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { changes } from '../../src/http/microversions.js';
import { startTestService, type TestService } from '../support/service.js';
import { send } from '../support/raw-request.js';

describe('microversion negotiation', () => {
  let test: TestService;
  before(async () => {
    test = await startTestService();
  });
  after(() => test.close());
  const ask = (header: string | null, at = '/') =>
    send(test.url, { path: at, headers: { 'openstack-api-version': header } });

  const resolved: [string | null, string][] = [
    [null, '1.0'],
    ['', '1.0'],
    ['placement 1.0', '1.0'],
    ['placement 1.14', '1.14'],
    ['placement 1.39', '1.39'],
    ['placement latest', '1.39'],
    ['placement 1.01', '1.1'],
    ['placement   1.7  ', '1.7'],
    ['placement\t1.7', '1.7'],
    ['PLACEMENT 1.7', '1.7'],
    ['Placement latest', '1.39'],
    ['compute 2.1, placement 1.30', '1.30'],
    ['placement 1.30, compute 2.1', '1.30'],
    ['placement 1.1,placement 1.7', '1.7'],
    ['placement bogus, placement 1.7', '1.7'],
    ['placement 1.10 x, placement 1.7', '1.7'],
    ['compute 2.1 y, placement 1.7', '1.7'],
    [',placement 1.7,', '1.7'],
    ['1.7', '1.0'],
    ['placement', '1.0'],
    ['compute 2.5', '1.0'],
    ['placementx 1.7', '1.0'],
  ];
  for (const [header, version] of resolved) {
    it(`takes ${header === null ? 'no header' : `"${header}"`} for ${version}`, async () => {
      for (const at of ['/', '/resource_providers', '/nowhere']) {
        const response = await ask(header, at);
        assert.equal(response.status, at === '/nowhere' ? 404 : 200);
        assert.equal(response.headers['openstack-api-version'], `placement ${version}`);
        assert.equal(response.headers['vary'], 'openstack-api-version');
      }
    });
  }

  it('folds repeated headers, of which the last placement counts', async () => {
    const { headers } = await test.api
      .request('get', '/')
      .set('openstack-api-version', ['placement 1.3', 'compute 2.1', 'placement 1.8'] as unknown as string)
      .expect(200);
    assert.equal(headers['openstack-api-version'], 'placement 1.8');
  });

  it('looks at no other header', async () => {
    const { headers } = await test.api
      .request('get', '/')
      .set('x-openstack-api-version', 'placement 1.3')
      .set('openstack-placement-api-version', '1.3')
      .expect(200);
    assert.equal(headers['openstack-api-version'], 'placement 1.0');
  });

  for (const version of ['1.40', '2.0', '0.9', '1.100', '99.0']) {
    it(`returns 406 with the supported versions for ${version}, on every path`, async () => {
      for (const at of ['/', '/resource_providers', '/nowhere']) {
        const response = await ask(`placement ${version}`, at);
        assert.equal(response.status, 406);
        const [error] = (JSON.parse(response.text) as { errors: [Record<string, unknown>] }).errors;
        assert.equal(error['title'], 'Not Acceptable');
        assert.match(
          String(error['detail']),
          new RegExp(`Invalid microversion: Unacceptable version header: ${version}$`),
        );
        assert.equal(error['max_version'], '1.39');
        assert.equal(error['min_version'], '1.0');
        assert.equal('code' in error, false);
      }
    });
  }

  for (const version of [
    '1',
    '1.2.3',
    'one.two',
    'bogus',
    'LATEST',
    '1.',
    '.1',
    '1.x',
    '-1.1',
    '1.-1',
    '1,5',
    '1.10 x',
    'x 1.10',
    'latest x',
  ]) {
    it(`returns 400 naming the malformed ${version}`, async () => {
      const response = await ask(`placement ${version}`);
      assert.equal(response.status, 400);
      const shown = version.split(',')[0] ?? '';
      const [error] = (JSON.parse(response.text) as { errors: [Record<string, unknown>] }).errors;
      assert.ok(String(error['detail']).includes(`Invalid microversion: invalid version string: ${shown}`));
      assert.equal('code' in error, false);
      assert.equal(response.headers['openstack-api-version'], undefined);
    });
  }
});

describe('the named changes', () => {
  const root = path.resolve(import.meta.dirname, '../../src');
  const sources = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && name !== path.join('http', 'microversions.ts'))
    // What the reference says about a change does not make it.
    .filter((name) => !name.endsWith('docs.ts'))
    .map((name) => readFileSync(path.join(root, name), 'utf8'))
    .join('\n');
  /** Asked for (`has('x')`), gate of a route (`introducedBy: 'x'`) or a step of a ladder (`x: ...` inside byVersion). */
  const isUsed = (name: string): boolean =>
    new RegExp(`has\\('${name}'\\)|minorOf\\('${name}'\\)|introducedBy: '${name}'|^\\s+${name}: [a-zA-Z({]`, 'm').test(
      sources,
    );

  it('are one for each minor version after 1.0, in order', () => {
    assert.deepEqual(
      changes.map(({ minor }) => minor),
      Array.from({ length: 39 }, (_, index) => index + 1),
    );
    assert.equal(new Set(changes.map(({ name }) => name)).size, 39);
  });

  for (const { name, version, summary } of changes) {
    it(`${version} (${summary}) is used in the code`, () => {
      assert.ok(isUsed(name));
    });
  }
});
