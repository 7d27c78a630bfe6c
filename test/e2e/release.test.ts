import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { cleanUp, ROOT, temporaryFolder } from '../support/process.js';

/** Releases are made in a clone, as a maintainer makes them; nothing is published. */
describe('npm run release', () => {
  let clone: string;
  before(async () => {
    clone = path.join(await temporaryFolder(), 'clone');
    git('clone', '--quiet', '--no-tags', ROOT, clone);
    git('-C', clone, 'checkout', '--quiet', '-B', 'main');
    // As before the first release: what this repository has released does not matter here.
    for (const name of ['package.json', 'package-lock.json'])
      edit(name, (text) => text.replace(/"version": ".*"/, '"version": "0.0.1"'));
    edit('package.json', (text) => text.replace(/^ {2}"(repository|bugs|homepage)": .*\n/gm, ''));
    fs.writeFileSync(path.join(clone, 'CHANGELOG.md'), '# Changelog\n\n## Unreleased\n\n- Windows open.\n');
    commitAll('The project has released nothing');
    fs.symlinkSync(path.join(ROOT, 'node_modules'), path.join(clone, 'node_modules'));
    // What is built already is not built again.
    fs.cpSync(path.join(ROOT, 'dist'), path.join(clone, 'dist'), { recursive: true, preserveTimestamps: true });
  });
  after(cleanUp);

  it('says in one go what keeps a version from being released, and changes nothing', () => {
    edit('CHANGELOG.md', (text) => text.replace(/^## Unreleased\n[^]*?(?=^## |(?![^]))/m, '## Unreleased\n\n'));
    git('-C', clone, 'switch', '--quiet', '--create', 'work');
    git('-C', clone, 'tag', 'v0.7.0');
    const { code, errors } = release('0.6.0');
    assert.equal(code, 1);
    assert.match(errors, /^This cannot be released:$/m);
    for (const problem of [
      /0\.6\.0 is not above 0\.7\.0/,
      /branch is work: .*git switch main/,
      /not committed.*\n {5}M CHANGELOG\.md/,
      /nothing under "## Unreleased"/,
      /where the project is \(repository, bugs, homepage\).*npm pkg set/,
    ])
      assert.match(errors, problem);
    assert.match(release('v0.8').errors, /"v0\.8" is no version/);
    assert.equal(release().code, 1);
    git('-C', clone, 'restore', '.');
    git('-C', clone, 'switch', '--quiet', 'main');
    git('-C', clone, 'tag', '--delete', 'v0.7.0');
  });

  it('shows with --dry-run what a release would be, and writes nothing', () => {
    edit('package.json', (text) => {
      const place = {
        repository: 'https://git.example/stockroom.git',
        bugs: 'https://git.example/bugs',
        homepage: 'https://git.example',
      };
      return `${JSON.stringify({ ...(JSON.parse(text) as object), ...place }, null, 2)}\n`;
    });
    edit('CHANGELOG.md', (text) => text.replace('## Unreleased\n', '## Unreleased\n\n- Doors open to both sides.\n'));
    commitAll('The project has a place');
    const before = git('-C', clone, 'rev-parse', 'HEAD');
    const { code, output, errors } = release('0.9.0', '--dry-run');
    assert.equal(code, 0, errors);
    assert.match(output, /0\.9\.0 - \d{4}-\d\d-\d\d:\n\n- Doors open/);
    assert.match(output, /The package has \d+ files/);
    assert.equal(git('-C', clone, 'rev-parse', 'HEAD'), before);
    assert.equal(git('-C', clone, 'status', '--porcelain') + git('-C', clone, 'tag'), '');
  });

  it('writes the package, its bill of materials and checksums, commits and tags', () => {
    const { code, output, errors } = release('0.9.0');
    assert.equal(code, 0, errors);
    assert.match(output, /git push --atomic origin main v0\.9\.0/);
    assert.equal(git('-C', clone, 'describe', '--exact-match'), 'v0.9.0');
    assert.equal(git('-C', clone, 'status', '--porcelain'), '');
    for (const name of ['package.json', 'package-lock.json'])
      assert.equal((json(name) as { version: string }).version, '0.9.0', name);
    assert.match(read('CHANGELOG.md'), /^## Unreleased\n\n## 0\.9\.0 - \d{4}-\d\d-\d\d\n\n- Doors open/m);

    const produced = path.join(clone, 'release');
    const check = spawnSync('sha256sum', ['--check', '--strict', 'SHA256SUMS'], { cwd: produced, encoding: 'utf8' });
    assert.equal(check.stdout, 'stockroom-0.9.0.tgz: OK\nstockroom-0.9.0.cdx.json: OK\n');
    const bom = json('release/stockroom-0.9.0.cdx.json') as {
      bomFormat: string;
      metadata: { component: { name: string; version: string } };
      components: { name: string }[];
    };
    assert.equal(bom.bomFormat, 'CycloneDX');
    assert.deepEqual([bom.metadata.component.name, bom.metadata.component.version], ['stockroom', '0.9.0']);
    const components = bom.components.map(({ name }) => name);
    const { dependencies } = json('package.json') as { dependencies: object };
    assert.deepEqual(
      [...Object.keys(dependencies), 'preact'].filter((name) => !components.includes(name)),
      [],
      'what is installed with the service, and what is bundled',
    );
    assert.ok(!components.includes('typescript'), 'no tool');

    assert.match(release('0.9.0').errors, /0\.9\.0 is not above 0\.9\.0/);
  });

  function release(...args: string[]): { code: number | null; output: string; errors: string } {
    // No registry listens on this port: its advisories are not what this is about. `dist` is built, so the hook of npm pack need not build it.
    const env = {
      ...process.env,
      npm_config_ignore_scripts: 'true',
      npm_config_registry: 'http://127.0.0.1:1',
      npm_config_fetch_retries: '0',
      GIT_AUTHOR_NAME: 'Ada',
      GIT_AUTHOR_EMAIL: 'ada@git.example',
      GIT_COMMITTER_NAME: 'Ada',
      GIT_COMMITTER_EMAIL: 'ada@git.example',
    };
    const options = { cwd: clone, env, encoding: 'utf8' } as const;
    const { status, stdout, stderr } = spawnSync('npm', ['run', '--silent', 'release', '--', ...args], options);
    return { code: status, output: stdout, errors: stderr };
  }

  function git(...args: string[]): string {
    const identity = ['-c', 'user.name=Ada', '-c', 'user.email=ada@git.example'];
    const { status, stdout, stderr } = spawnSync('git', [...identity, ...args], { encoding: 'utf8' });
    assert.equal(status, 0, `git ${args.join(' ')}: ${stderr}`);
    return stdout.trim();
  }

  function commitAll(message: string): void {
    git('-C', clone, 'commit', '--quiet', '--all', '--message', message);
  }

  function read(name: string): string {
    return fs.readFileSync(path.join(clone, name), 'utf8');
  }

  function json(name: string): unknown {
    return JSON.parse(read(name));
  }

  function edit(name: string, change: (text: string) => string): void {
    fs.writeFileSync(path.join(clone, name), change(read(name)));
  }
});
