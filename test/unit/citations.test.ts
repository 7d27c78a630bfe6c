import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { anchorsOf, filesBelow, textOf } from '../support/documents.js';
import { ROOT } from '../support/process.js';

const CODE = filesBelow(['src', 'test', 'migrations', 'scripts', 'api-ref', 'bench'], ['.ts', '.js', '.cjs']);
const DOCUMENTS = [
  ...filesBelow(['docs', 'src', 'bench'], ['.md']),
  'README.md',
  'CONTRIBUTING.md',
  'api-ref/README.md',
];
/** Pages that name source files in their text. */
const MAPS = DOCUMENTS.filter((file) =>
  /^src\/.*README\.md$|^docs\/(explanation\/architecture|reference\/glossary)\.md$/.test(file),
);

describe('what comments and documents refer to', () => {
  it('is a heading of the contract that exists', () => {
    const cited = CODE.flatMap((file) =>
      Array.from(textOf(file).matchAll(/docs\/contract\/([\w-]+\.md)(?:#([\w-]+))?/g), ([, page = '', anchor]) => {
        return { file, page: `docs/contract/${page}`, anchor };
      }),
    );
    assert.ok(cited.length >= 20, `only ${cited.length} citations were found`);
    const missing = cited.filter(
      ({ page, anchor }) =>
        !existsSync(path.join(ROOT, page)) || (anchor !== undefined && !anchorsOf(textOf(page)).has(anchor)),
    );
    assert.deepEqual(missing, []);
  });

  it('is nothing outside the repository', () => {
    const outside = CODE.flatMap((file) =>
      textOf(file)
        .split('\n')
        .filter((line) => /(?:\/\/|\/\*|^\s*\*).*\b(?:spec[:/]|contract: )/.test(line))
        .map((line) => `${file}: ${line.trim()}`),
    );
    assert.deepEqual(outside, []);
  });

  it('is a file or heading that exists, where a document links to it', () => {
    const broken = DOCUMENTS.flatMap((file) =>
      Array.from(textOf(file).matchAll(/\]\((?!https?:)([^)\s#]*)(?:#([^)\s]+))?\)/g)).flatMap(
        ([link, target = '', anchor]) => {
          const page = target === '' ? file : path.posix.join(path.posix.dirname(file), target);
          if (!existsSync(path.join(ROOT, page))) return [`${file}: ${link}`];
          if (anchor === undefined || !page.endsWith('.md')) return [];
          return anchorsOf(textOf(page)).has(anchor) ? [] : [`${file}: ${link}`];
        },
      ),
    );
    assert.deepEqual(broken, []);
  });

  it('is a file that exists, where a map of the source names it', () => {
    const missing = MAPS.flatMap((file) =>
      Array.from(textOf(file).matchAll(/(?<![\w/.-])(?:[\w.-]+\/)*[\w-]+(?:\.sql)?\.(?:ts|js)\b/g), ([name]) => name)
        .filter((name) => !['', path.posix.dirname(file)].some((folder) => existsSync(path.join(ROOT, folder, name))))
        .map((name) => `${file}: ${name}`),
    );
    assert.deepEqual(missing, []);
  });
});
