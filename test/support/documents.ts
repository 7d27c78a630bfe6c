import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './process.js';

/** The files below folders of the repository with one of these endings, as paths from its root. */
export function filesBelow(folders: readonly string[], endings: readonly string[]): string[] {
  return folders.flatMap((folder) =>
    readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => endings.some((ending) => name.endsWith(ending)))
      .map((name) => path.posix.join(folder, name)),
  );
}

export function textOf(file: string): string {
  return readFileSync(path.join(ROOT, file), 'utf8');
}

/** The anchors of the headings of a Markdown text, as GitHub makes them. */
export function anchorsOf(markdown: string): Set<string> {
  const withoutCode = markdown.replaceAll(/^```.*?^```/gms, '');
  const headings = Array.from(withoutCode.matchAll(/^#+ (.+)$/gm), ([, heading = '']) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

/** The text below a heading `## HEADING`, up to the next one. Fails when there is none. */
export function sectionOf(markdown: string, heading: string): string {
  const [, text] = markdown.split(`\n## ${heading}\n`);
  assert.ok(text !== undefined, `there is a section ${heading}`);
  return text.split('\n## ')[0] ?? '';
}

/** The rows of the first table below a heading, as cells by the name of the column, without backquotes around a cell. */
export function tableRowsOf(markdown: string, heading: string): Readonly<Record<string, string>>[] {
  const [, section = ''] = new RegExp(`^#+ ${heading}\\n([^]*?)(?=^#|$(?![^]))`, 'm').exec(markdown) ?? [];
  const [, table = ''] = /^((?:\|.*\n)+)/m.exec(section) ?? [];
  const [head = [], , ...rows] = table.trim().split('\n').map(cellsOf);
  return rows.map((cells) => Object.fromEntries(head.map((name, i) => [name, cells[i] ?? ''])));
}

function cellsOf(row: string): string[] {
  return row
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim().replace(/^`([^`]*)`$/, '$1'));
}
