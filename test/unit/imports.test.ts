import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { filesBelow, textOf } from '../support/documents.js';
import { ROOT } from '../support/process.js';

/** A condition of a rule of dependency-cruiser: patterns of paths. */
interface Side {
  readonly path?: string | readonly string[];
  readonly pathNot?: string | readonly string[];
}

interface Rule {
  readonly name: string;
  readonly from: Side;
  readonly to: Side & { readonly circular?: boolean };
}

interface Import {
  readonly from: string;
  readonly to: string;
}

/** Imports that go up in the picture: of names and words, not of behaviour. */
const UPWARD = new Map([
  ['src/config/options/list-sections.ts -> src/lists/manifest/keys.ts', 'the form of a folder in a bucket'],
  ['src/config/options/list-sections.ts -> src/lists/model.ts', 'the names of the events of a hook'],
  ['src/ops/metrics/explain.ts -> src/explain/reasons.ts', 'the codes of reasons, which are labels'],
]);

/** Rules that forbid some imports that go down, too. The text below the picture, or the rule's own comment, says why. */
const STRICTER = new Set([
  'the-domain-knows-no-http',
  'topology-model-is-pure',
  'only-compose-constructs',
  'no-way-back-in',
]);

describe('the picture of imports in CONTRIBUTING.md', () => {
  const rows = rowsOf(textOf('CONTRIBUTING.md'));

  it('shows every folder of src', () => {
    const folders = readdirSync(path.join(ROOT, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const shown = [...rows.keys()];
    assert.deepEqual(
      shown.filter((name) => !['main', 'index', 'compose', 'app'].includes(name)).sort(),
      folders.map(({ name }) => name).sort(),
    );
  });

  it('is true of the code: nothing imports from a row above', () => {
    const upward = filesBelow(['src'], ['.ts'])
      .flatMap((file) => importsOf(file))
      .filter(({ from, to }) => rowOf(to) < rowOf(from))
      .map(({ from, to }) => `${from} -> ${to}`);
    assert.deepEqual([...new Set(upward)].sort(), [...UPWARD.keys()].sort());
  });

  it('agrees with the rules: they forbid no import that goes down', () => {
    const { forbidden } = createRequire(import.meta.url)(path.join(ROOT, '.dependency-cruiser.cjs')) as {
      forbidden: Rule[];
    };
    // The program imports commands and nothing else.
    const names = [...rows.keys()].filter((name) => name !== 'main');
    const downward = names.flatMap((from) =>
      names.filter((to) => rows.get(to)! > rows.get(from)!).map((to) => ({ from: fileIn(from), to: fileIn(to) })),
    );
    assert.ok(downward.length > 100);
    const contradictions = forbidden
      .filter((rule) => !STRICTER.has(rule.name) && rule.to.circular !== true && rule.to.path !== undefined)
      .flatMap((rule) =>
        downward.filter((pair) => forbids(rule, pair)).map(({ from, to }) => `${rule.name}: ${from} -> ${to}`),
      );
    assert.deepEqual(contradictions, []);
  });

  /** The row of a file's folder, or of a file of `src` itself; NaN, which is above and below nothing, for small files of `src` that are not shown. */
  function rowOf(file: string): number {
    const name = path.dirname(file) === 'src' ? path.basename(file, '.ts') : (file.split('/')[1] ?? '');
    return rows.get(name) ?? NaN;
  }
});

describe('the tables of docs/explanation/architecture.md', () => {
  const page = textOf('docs/explanation/architecture.md');

  it('have a row for every folder of src', () => {
    const shown = firstCellsOf(page, 'Folders').filter((name) => name.startsWith('src/'));
    assert.deepEqual(shown.sort(), entriesOf('src', 'folders'));
  });

  it('have a row for every file of src itself', () => {
    assert.deepEqual(firstCellsOf(page, 'Files of src').sort(), entriesOf('src', 'files'));
  });

  it('have a row for every folder of test', () => {
    const shown = firstCellsOf(page, 'Tests').map((name) => `test/${name}`);
    assert.deepEqual(shown.sort(), entriesOf('test', 'folders'));
  });
});

/** What the first column of the table below a heading has between backquotes. */
function firstCellsOf(markdown: string, heading: string): string[] {
  const [, table = ''] = new RegExp(`^## ${heading}$[^]*?(^\\|[^]*?)(?:\\n\\n|$(?![^]))`, 'm').exec(markdown) ?? [];
  return table
    .split('\n')
    .flatMap((row) => Array.from((row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g), ([, name = '']) => name));
}

/** The folders, or the files, that a folder of the repository has, in order. */
function entriesOf(folder: string, kind: 'folders' | 'files'): string[] {
  return readdirSync(path.join(ROOT, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() === (kind === 'folders'))
    .map(({ name }) => `${folder}/${name}`)
    .sort();
}

/** Names in the picture with the number of their row, 0 at the top. */
function rowsOf(markdown: string): Map<string, number> {
  const [, picture = ''] = /^```text\n( {2}main[^]*?)\n\n/m.exec(markdown) ?? [];
  return new Map(
    picture.split('\n').flatMap((line, row) => {
      const [, names = ''] = /^ +((?:[\w-]+, )*[\w-]+)(?: |$)/.exec(line) ?? [];
      return names.split(', ').map((name): [string, number] => [name, row]);
    }),
  );
}

/** The imports of a file that exist when the program runs: those of types do not. */
function importsOf(file: string): Import[] {
  const statements = textOf(file).matchAll(/^(?:import|export) (?!type )([^;]*?) from '(\.[^']*)';/gm);
  return Array.from(statements, ([, what = '', target = '']) => ({
    from: file,
    to: path.join(path.dirname(file), target).replace(/\.js$/, '.ts'),
    onlyTypes: /^\{(?: type \w+(?: as \w+)?,?)+ \}$/.test(what.replaceAll(/\s+/g, ' ')),
  })).filter(({ onlyTypes }) => !onlyTypes);
}

/** A file that stands for a part of the picture. */
function fileIn(name: string): string {
  return ['main', 'index', 'compose', 'app'].includes(name) ? `src/${name}.ts` : `src/${name}/any.ts`;
}

function forbids(rule: Rule, { from, to }: Import): boolean {
  const match = matches(rule.from, from, []);
  return match !== null && matches(rule.to, to, match) !== null;
}

/** The groups of the pattern that a path matches, or null. `$1` in a pattern is a group of the other side. */
function matches(
  { path: is, pathNot: isNot }: Side,
  file: string,
  groups: readonly string[],
): readonly string[] | null {
  const patterns = (side: string | readonly string[] | undefined): RegExp[] =>
    (side === undefined ? [] : [side].flat()).map(
      (text) => new RegExp(text.replaceAll(/\$(\d)/g, (_, number: string) => groups[Number(number)] ?? '')),
    );
  if (patterns(isNot).some((pattern) => pattern.test(file))) return null;
  if (is === undefined) return [];
  for (const pattern of patterns(is)) {
    const found = pattern.exec(file);
    if (found !== null) return found;
  }
  return null;
}
