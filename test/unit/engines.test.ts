import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { minVersion, satisfies } from 'semver';
import { ROOT } from '../support/process.js';

interface Manifest {
  readonly engines: { readonly node: string };
}

interface Lock {
  readonly packages: Readonly<Record<string, Partial<Manifest>>>;
}

const json = (name: string): unknown => JSON.parse(readFileSync(path.join(ROOT, name), 'utf8'));

describe('the locked packages', () => {
  it('accept the oldest Node.js that the README names, so that npm ci prints no warning', () => {
    const oldest = minVersion((json('package.json') as Manifest).engines.node)?.version ?? '';
    const engines = ['package-lock.json', 'site/package-lock.json'].flatMap((lock) =>
      Object.entries((json(lock) as Lock).packages).flatMap(([name, { engines }]) =>
        engines?.node === undefined ? [] : [{ name, node: engines.node }],
      ),
    );
    assert.ok(engines.length > 100, `only ${engines.length} packages name an engine`);
    assert.deepEqual(
      engines.filter(({ node }) => !satisfies(oldest, node)),
      [],
    );
  });
});
