import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { navigation } from '../../scripts/site/navigation.js';
import { foreignLoads } from '../../scripts/site/offline.js';
import { stage, withLinks } from '../../scripts/site/stage.js';
import { filesBelow } from '../support/documents.js';
import { cleanUp, ROOT, temporaryFolder } from '../support/process.js';

/** What `npm run site` hands to its generator, and how it looks at what comes back. .ci/run makes the site. */
describe('the site of the documentation', () => {
  after(cleanUp);

  it('has every page of docs, each reached by links from the README or the list of the documentation, and in the sidebar', async () => {
    const folder = await temporaryFolder();
    const pages = stage(ROOT, folder);
    const sources = new Set(pages.map(({ source }) => source));
    assert.deepEqual(
      filesBelow(['docs'], ['.md']).filter((file) => !sources.has(file)),
      [],
    );
    for (const { target } of pages) assert.ok(fs.existsSync(path.join(folder, target)), target);
    assert.ok(fs.existsSync(path.join(folder, 'docs/images/console-overview.png')));
    const linked = JSON.stringify(navigation(pages)).match(/"link"/g)?.length;
    assert.equal(linked, pages.length, 'each page is in the sidebar once');
  });

  it('is not made with a link to a file that is not there', async () => {
    const folder = await temporaryFolder();
    for (const name of ['CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CODE_OF_CONDUCT.md', 'docs/README.md']) {
      fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      fs.writeFileSync(path.join(folder, name), '# A page\n');
    }
    fs.writeFileSync(path.join(folder, 'README.md'), '# Here\n\n[there](docs/there.md#part)\n');
    assert.throws(
      () => stage(folder, path.join(folder, 'pages')),
      /README\.md links to docs\/there\.md, which is not there/,
    );
  });

  it('has links in words and images, and none in code, comments or addresses of others', () => {
    const links: string[] = [];
    const page = [
      '<!-- a note [x](x.md) -->',
      'See [`a` and [b]](a/b.md#c), ![a picture](p.png), [code](src/), [out](https://other.example/x.md), [here](#part).',
      '```md',
      '[x](x.md)',
      '```',
    ].join('\n');
    const made = withLinks(page, (link) => {
      links.push(link);
      return link === 'src/' ? null : `to/${link}`;
    });
    assert.deepEqual(links, ['a/b.md', 'p.png', 'src/']);
    assert.equal(
      made,
      [
        'See [`a` and [b]](to/a/b.md#c), ![a picture](to/p.png), code, [out](https://other.example/x.md), [here](#part).',
        '```md',
        '[x](x.md)',
        '```',
      ].join('\n'),
    );
  });

  it('loads nothing from other hosts', async () => {
    const folder = await temporaryFolder();
    fs.writeFileSync(
      path.join(folder, 'own.html'),
      '<a href="https://other.example">x</a><script src="/a.js"></script>',
    );
    assert.deepEqual(foreignLoads(folder), []);
    fs.writeFileSync(
      path.join(folder, 'style.css'),
      '@import url("https://fonts.example/a.css"); a { src: url(//fonts.example/b) }',
    );
    fs.writeFileSync(path.join(folder, 'page.html'), '<link rel="stylesheet" href="https://cdn.example/c.css">');
    assert.deepEqual(foreignLoads(folder).sort(), [
      'page.html: https://cdn.example/c.css',
      'style.css: //fonts.example/b',
      'style.css: https://fonts.example/a.css',
    ]);
  });
});
