import assert from 'node:assert/strict';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApiError } from '../../../src/errors.js';
import type { Target } from '../../../src/policy/language/template.js';
import type { PolicyOptions } from '../../../src/policy/policy.js';
import { caller, PolicyFolder, TestPolicy } from '../../support/policy.js';
import { startSwitcher } from '../../support/raw-request.js';

const RULE = 'placement:usages';

describe('checks that ask a remote server', () => {
  let folder: PolicyFolder;
  let server: http.Server;
  let asked: { url: string; type: string; body: string }[];
  let response: (res: http.ServerResponse) => void;
  let address: string;
  before(async () => {
    server = http.createServer((req, res) => {
      let body = '';
      req.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      req.on('end', () => {
        asked.push({ url: req.url ?? '', type: req.headers['content-type'] ?? '', body });
        response(res);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    folder = new PolicyFolder();
    asked = [];
    response = (res) => res.end('True');
  });
  afterEach(() => {
    folder.close();
  });

  const remote: PolicyOptions['remote'] = {
    contentType: 'application/x-www-form-urlencoded',
    timeout: 60,
    verifyServer: false,
    caFile: null,
    certFile: null,
    keyFile: null,
  };
  const allows = async (check: string, target: Target = { project_id: 'p1' }, options: Partial<typeof remote> = {}) => {
    folder.write('policy.yaml', `${RULE}: '${check}'\n`);
    const { policy } = new TestPolicy(folder.path, { remote: { ...remote, ...options } });
    try {
      await policy.authorize(RULE, caller(), target);
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.status === 403) return false;
      throw error;
    }
  };

  it('send rule, target and credentials as a form of JSON texts', async () => {
    assert.equal(await allows(`${address}/check`), true);
    assert.equal(asked[0]?.type, 'application/x-www-form-urlencoded');
    const form = new URLSearchParams(asked[0].body);
    assert.equal(form.get('rule'), `"${RULE}"`);
    assert.equal(form.get('target'), '{"project_id":"p1"}');
    const credentials = JSON.parse(form.get('credentials') ?? '') as Record<string, unknown>;
    assert.equal(credentials['user_id'], 'u1');
    assert.deepEqual(credentials['roles'], ['member']);
    assert.equal(credentials['domain_id'], null);
    assert.equal('system' in credentials, false);
  });

  it('or as one JSON document', async () => {
    await allows(`${address}/check`, { project_id: null }, { contentType: 'application/json' });
    assert.equal(asked[0]?.type, 'application/json');
    const { rule, target } = JSON.parse(asked[0].body) as { rule: string; target: object };
    assert.deepEqual([rule, target], [RULE, { project_id: null }]);
  });

  it('allow only when the response is True', async () => {
    const responses: [text: string, allowed: boolean][] = [
      ['True', true],
      ['"True"', true],
      ['true', false],
      ['False', false],
      ['True\n', false],
      ['', false],
      ['x'.repeat(1_000_000), false],
    ];
    for (const [text, allowed] of responses) {
      response = (res) => res.end(text);
      assert.equal(await allows(`${address}/`), allowed, text.slice(0, 10));
    }
    response = (res) => res.writeHead(302, { location: `${address}/other` }).end('');
    assert.equal(await allows(`${address}/`), false);
  });

  it('are part of a rule like others, and asked only when needed', async () => {
    assert.equal(await allows(`role:member or ${address}/`), true);
    assert.equal(await allows(`role:admin and ${address}/`), false);
    assert.equal(asked.length, 0);
    assert.equal(await allows(`role:admin or ${address}/ and role:member`), true);
    assert.equal(await allows(`${address}/ and role:admin`), false);
    assert.equal(await allows(`not ${address}/`), false);
    assert.equal(await allows(`(not ${address}/ or ${address}/)`), true);
    assert.equal(asked.length, 5);
  });

  it('fill their address in, and let no client choose another', async () => {
    assert.equal(await allows(`${address}/%(project_id)s/x`), true);
    assert.equal(await allows(`${address}/%(project_id)s`, { project_id: '../a?b#c@d' }), true);
    assert.deepEqual(
      asked.map((one) => one.url),
      ['/p1/x', '/..%2Fa%3Fb%23c%40d'],
    );
    assert.equal(await allows(`${address}/%(missing)s`), false);
    assert.equal(asked.length, 2);
  });

  it('fail when there is no response, or none in time', async () => {
    response = () => undefined;
    const hasty = { timeout: 0.3 };
    await assert.rejects(allows(`${address}/`, undefined, hasty), /did not respond: timeout after 0.3 s/);
    response = (res) => res.write('Tru');
    await assert.rejects(allows(`${address}/`, undefined, hasty), /did not respond/);
    response = (res) => res.destroy();
    await assert.rejects(allows(`${address}/`), /did not respond/);
    await assert.rejects(allows('http://127.0.0.1:1/'), /did not respond/);
    await assert.rejects(allows(`https://${address.slice('http://'.length)}/`), /did not respond/);
    await assert.rejects(
      allows('https://127.0.0.1:1/', undefined, { verifyServer: true, caFile: '/nowhere/ca.pem' }),
      /did not respond: ENOENT/,
    );
  });

  it('fail when the server switches to a protocol that no client asked for', async () => {
    const switcher = await startSwitcher();
    try {
      await assert.rejects(allows(switcher.url), /did not respond: the connection was closed without a response/);
    } finally {
      switcher.close();
    }
  });
});
