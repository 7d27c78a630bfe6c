import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { loadConfig } from '../../src/config.js';
import { configText } from '../../src/config/show.js';
import { cleanUp, temporaryFolder } from '../support/process.js';

describe('the sections of inventory lists', () => {
  after(cleanUp);
  const load = async (text: string) => {
    const file = path.join(await temporaryFolder(), 'placement.conf');
    writeFileSync(file, text);
    return loadConfig({ flags: new Map(), given: [{ kind: 'file', path: file }] }, { env: {} });
  };
  const STORE = '[list_bucket:Cloud-Lists]\ntype = s3\nendpoint = https://rgw.example.org/\nroot = /below/\n';

  it('are read, with defaults, and shown with masked keys', async () => {
    const loaded = await load(
      `${STORE}access_key = recognisable-1\nsecret_key = recognisable-2\nencryption = sse-s3, none\n`,
    );
    const [bucket] = loaded.config.listBuckets;
    assert.ok(bucket?.type === 's3');
    assert.deepEqual(
      [bucket.name, bucket.bucket, bucket.endpoint, bucket.root, bucket.encryption, bucket.timeout],
      ['cloud-lists', 'cloud-lists', 'https://rgw.example.org', 'below', ['sse-s3', 'none'], 60],
    );
    assert.deepEqual(bucket.secretKey, { value: 'recognisable-2' });
    assert.deepEqual(loaded.warnings, []);
    const shown = configText(loaded);
    assert.match(shown, /^\[list_bucket:cloud-lists\]$/m);
    assert.match(shown, /^secret_key = \*\*\* /m);
    assert.ok(!shown.includes('recognisable'));
  });

  const wrong: Record<string, [text: string, message: RegExp]> = {
    'without a key': [STORE, /\[list_bucket:cloud-lists\]: access_key or access_key_file is missing/],
    'without a type': ['[list_bucket:a]\npath = /x\n', /type, s3 or folder, is missing/],
    'called local': ['[list_bucket:local]\ntype = folder\n', /local is the built-in bucket/],
    'of a folder that encrypts': [
      '[list_bucket:a]\ntype = folder\npath = /x\nencryption = sse-s3\n',
      /expected none for a folder/,
    ],
    'of a hook without a secret': [
      '[list_hook:a]\nurl = https://x.example.org\n',
      /\[list_hook:a\]: secret_file is missing/,
    ],
    'of a hook with a password': [
      '[list_hook:a]\nurl = https://u:p@x.example.org\nsecret_file = /x\n',
      /option url .*expected a URL/,
    ],
  };
  for (const [name, [text, message]] of Object.entries(wrong)) {
    it(`are rejected ${name}`, async () => {
      await assert.rejects(load(text), message);
    });
  }

  it('warn of an option that there is not, with the nearest name', async () => {
    const { warnings } = await load('[list_bucket:a]\ntype = folder\npath = /x\nformatt = csv\nenpoint = https://x\n');
    assert.match(
      warnings.join('\n'),
      /\[list_bucket:a\] has no option enpoint, so it has no effect; did you mean endpoint\?/,
    );
  });
});
