import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { blocksOf } from '../../scripts/check-install/page.js';
import { INSTALL, REPLACE } from '../../scripts/check-install/steps.js';
import { readArguments } from '../../src/config/arguments.js';
import { loadConfig } from '../../src/config/load.js';
import { ROOT } from '../support/process.js';

/** What holds without a Debian of its own; `npm run test:install` follows the pages in one. */
describe('the page on installing', () => {
  const read = (name: string) => readFileSync(path.join(ROOT, 'docs/how-to', name), 'utf8');
  const page = read('install.md');

  it('has the blocks that the check follows, and so has the page on replacing a Placement', () => {
    const blocks = blocksOf(page, INSTALL);
    assert.deepEqual(
      blocks.filter(({ isElsewhere }) => isElsewhere).map(({ commands }) => commands),
      ['npm ci && npm pack\n'],
    );
    blocksOf(read('replace-placement.md'), REPLACE);
  });

  it('cannot get a block that the check does not know, nor lose one', () => {
    assert.throws(() => blocksOf(`${page}\n## More\n\n\`\`\`sh\ntrue\n\`\`\`\n`, INSTALL), /More/);
    assert.throws(() => blocksOf(page.slice(0, page.indexOf('## Upgrade')), INSTALL), /Upgrade/);
  });

  it('names a unit that the package has', () => {
    const units = [...page.matchAll(/npm root --global\)\/stockroom\/(\S+)"/g)].map(([, file = '']) => file);
    assert.ok(units.length > 0);
    for (const file of units) assert.ok(existsSync(path.join(ROOT, file)), file);
  });

  it('makes a configuration that is understood without a warning', () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'stockroom-install-page-'));
    try {
      const blocks = blocksOf(page, INSTALL).map(({ commands }) => commands);
      const variables = blocks.find((commands) => commands.startsWith('ADDRESS='));
      const files = blocks.filter((commands) => commands.startsWith('cat > /etc/stockroom/'));
      assert.equal(files.length, 2);
      const commands = [variables, ...files]
        .join('')
        .replaceAll('/etc/stockroom', folder)
        .replaceAll('chown root:stockroom', `chown ${String(process.getuid?.())}:${String(process.getgid?.())}`);
      execFileSync('bash', ['-euc', commands]);
      const named = ['placement.conf', 'stockroom.conf'].map((name) => `--config-file=${path.join(folder, name)}`);
      const { config, warnings } = loadConfig(readArguments(named), { env: { HOME: folder } });
      assert.deepEqual(warnings, []);
      const { host, port, logDir, connection, keystoneAuthUrl, keystonePassword } = config;
      assert.deepEqual([host, port, logDir], ['0.0.0.0', 8778, null]);
      assert.match(connection ?? '', /^postgresql:\/\/stockroom:[0-9a-f]{32}@127\.0\.0\.1\/stockroom$/);
      assert.equal(keystoneAuthUrl, 'http://controller.example:5000');
      assert.match(keystonePassword ?? '', /^[0-9a-f]{32}$/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
