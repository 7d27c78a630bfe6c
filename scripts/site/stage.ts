import fs from 'node:fs';
import path from 'node:path';

export interface Page {
  /** In the repository: `docs/how-to/monitor.md`. */
  readonly source: string;
  /** In the site: the source, but index.md for a README.md. */
  readonly target: string;
  /** The first heading. */
  readonly title: string;
}

/** From these every other page is reached. */
const ENTRIES = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CODE_OF_CONDUCT.md', 'docs/README.md'];

/** Bundled with the pages; other files are copied as they are. */
const IMAGES = /\.(png|svg)$/;

/** Files that a reader may want to take from the site. Source code is in the repository alone. */
const FILES = /^(deploy|api-ref)\/.*\.\w+$/;

/**
 * Copies the pages of the repository that are linked from one another, and what they show, into `folder`. Links there lead to pages and files of the site;
 * a link to source code becomes text. Throws for a link whose file is not there.
 */
export function stage(root: string, folder: string): Page[] {
  const pages = new Map<string, Page>();
  const files = new Set<string>();
  const waiting = [...ENTRIES];
  for (let source = waiting.shift(); source !== undefined; source = waiting.shift()) {
    if (pages.has(source)) continue;
    const text = fs.readFileSync(path.join(root, source), 'utf8');
    const target = targetOf(source);
    pages.set(source, { source, target, title: /^# (.+)$/m.exec(text)?.[1] ?? source });
    const from = source;
    const page = withLinks(text, (link) => {
      const file = path.posix.join(path.posix.dirname(from), link).replace(/\/$/, '');
      if (!fs.existsSync(path.join(root, file))) throw new Error(`${from} links to ${link}, which is not there.`);
      if (file.endsWith('.md')) waiting.push(file);
      else if (IMAGES.test(file) || FILES.test(file)) files.add(file);
      else return null;
      return hrefOf(file, target);
    });
    write(path.join(folder, target), page);
  }
  for (const file of files) {
    const copy = path.join(folder, IMAGES.test(file) ? file : path.join('public', file));
    fs.mkdirSync(path.dirname(copy), { recursive: true });
    fs.copyFileSync(path.join(root, file), copy);
  }
  return [...pages.values()];
}

/**
 * The text of a page without comments and with other links, outside of blocks of code. `href` returns where a link leads, or null when only its words stay.
 * Links to other sites, and within the page, stay as they are.
 */
export function withLinks(markdown: string, href: (link: string) => string | null): string {
  const prose = (text: string): string =>
    text
      .replaceAll(/<!--[^]*?-->\n*/g, '')
      .replaceAll(
        /\[([^\][]*(?:\[[^\][]*\][^\][]*)*)\]\((?![a-z]+:|#)([^)\s#]+)(#[^)\s]+)?\)/g,
        (_, words: string, link: string, anchor?: string) => {
          const target = href(link);
          return target === null ? words : `[${words}](${target}${anchor ?? ''})`;
        },
      );
  return markdown
    .split(/(^ *```[^]*?^ *```$)/m)
    .map((part, index) => (index % 2 === 0 ? prose(part) : part))
    .join('');
}

function targetOf(source: string): string {
  return source.replace(/(^|\/)README\.md$/, '$1index.md');
}

/** From a page of the site to a file of the repository. Files that are copied as they are have their own path below the root. */
function hrefOf(file: string, page: string): string {
  if (!file.endsWith('.md') && !IMAGES.test(file)) return `/${file}`;
  const relative = path.posix.relative(path.posix.dirname(page), targetOf(file));
  return relative.startsWith('.') ? relative : `./${relative}`;
}

function write(file: string, text: string): void {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text);
}
