import type { Page } from './stage.js';

/** An entry of the generator's sidebar. */
export interface Entry {
  readonly text: string;
  readonly link?: string;
  readonly collapsed?: boolean;
  readonly items?: readonly Entry[];
}

/** Parts of the sidebar, in order, and the folders of their pages. */
const PARTS = [
  { text: 'How to', folder: /^docs\/how-to\// },
  { text: 'Explanation', folder: /^docs\/explanation\// },
  { text: 'Reference', folder: /^docs\/reference\/|^api-ref\// },
  { text: 'Contract', folder: /^docs\/contract\//, collapsed: true },
  { text: 'Decisions', folder: /^docs\/adr\//, collapsed: true },
  { text: 'Source', folder: /^(src|bench)\//, collapsed: true },
] as const;

/** The sidebar: the pages of each part, decisions by number and the others by title, and then the pages at the root. */
export function navigation(pages: readonly Page[]): Entry[] {
  const entries = (chosen: readonly Page[]): Entry[] =>
    chosen
      .map(({ title, target }) => ({
        text: title.replaceAll('`', ''),
        link: `/${target.replace(/(index)?\.md$/, '')}`,
      }))
      .sort((a, b) => a.text.localeCompare(b.text, 'en', { numeric: true }));
  const root = pages.filter(({ source }) => !source.includes('/') && source !== 'README.md');
  return [
    { text: 'Stockroom', link: '/' },
    ...entries(pages.filter(({ source }) => source === 'docs/README.md')),
    ...PARTS.map(({ text, folder, ...rest }) => ({
      text,
      ...rest,
      items: entries(pages.filter(({ source }) => folder.test(source))),
    })),
    { text: 'Project', items: entries(root) },
  ];
}
