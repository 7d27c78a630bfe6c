import { readFileSync } from 'node:fs';

const sidebar = JSON.parse(readFileSync(new URL('../pages/navigation.json', import.meta.url), 'utf8'));

/** Of VitePress. scripts/site.ts makes the folder `pages` from the documentation of the repository. */
export default {
  title: 'Stockroom',
  description: 'An OpenStack Placement-compatible service on PostgreSQL',
  lang: 'en',
  srcDir: 'pages',
  outDir: 'dist',
  cacheDir: '.cache',
  // A site below a path of its host: SITE_BASE=/stockroom/.
  base: process.env.SITE_BASE ?? '/',
  markdown: {
    // What looks like a tag in the text of a page is text.
    html: false,
    anchor: { slugify: anchorOf },
    config(md) {
      // So are two braces.
      for (const name of ['text', 'code_inline']) {
        const render = md.renderer.rules[name];
        md.renderer.rules[name] = (...args) => render(...args).replaceAll('{{', '&#123;&#123;');
      }
    },
  },
  themeConfig: {
    sidebar,
    outline: [2, 3],
    search: { provider: 'local' },
    nav: [
      { text: 'Documentation', link: '/docs/' },
      { text: 'API', link: '/api-ref/' },
      { text: 'Changelog', link: '/CHANGELOG' },
    ],
  },
};

/** As GitHub makes the anchors of headings, which links name. @param {string} heading */
function anchorOf(heading) {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}
