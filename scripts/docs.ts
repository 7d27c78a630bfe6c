import { readFileSync, writeFileSync } from 'node:fs';
import { programOf } from '../src/cli/program.js';
import { optionTable, ignoredOptionsTable } from '../src/config/tables.js';
import { minorOf } from '../src/http/microversions.js';
import { findingsTable } from '../src/import/report.js';
import { openapi } from '../api-ref/generator/document.js';
import { routeRows } from '../api-ref/generator/operations.js';
import { readSamples } from '../api-ref/generator/samples.js';
import { createMeters, type ShownParts } from '../src/ops/metrics.js';

/** The tables in the documentation that are made from the code. `npm run docs` writes them, tests compare them. */
export const GENERATED = [
  { file: 'docs/reference/configuration.md', name: 'options', table: optionTable },
  { file: 'docs/reference/configuration.md', name: 'without effect', table: ignoredOptionsTable },
  { file: 'docs/reference/command-line.md', name: 'commands', table: commandRows },
  { file: 'docs/how-to/import-from-placement.md', name: 'rules', table: findingsTable },
  { file: 'api-ref/README.md', name: 'routes', table: routesTable },
  { file: 'docs/how-to/monitor.md', name: 'metrics', table: metricRows },
];

export const API_DOCUMENT = 'api-ref/openapi.json';

/** The text of the API's document, from the code as it is now. */
export function apiDocument(): string {
  return `${JSON.stringify(openapi(readSamples()), null, 2)}\n`;
}

/** The part of a page between `<!-- name ... -->` and `<!-- end of name -->`. */
export function section(name: string): RegExp {
  return new RegExp(`(<!-- ${name}[^>]*-->\\n\\n)([^]*?)(\\n\\n<!-- end of ${name} -->)`);
}

function commandRows(): string {
  const rows = programOf('stockroom').commands.map(({ name, operands = [], summary, flags = {} }) => {
    const own = Object.keys(flags).map((flag) => `\`--${flag}\``);
    return `| \`${[name, ...operands].join(' ')}\` | ${summary} | ${own.join(', ')} |`;
  });
  return ['| command | what it does | its own options |', '| --- | --- | --- |', ...rows].join('\n');
}

function metricRows(): string {
  const metrics = createMeters({ ofProcess: false, capacityLimit: null }).show({ keystone: {} } as ShownParts);
  const rows = metrics.definitions().map(({ name, type, help }) => `| \`${name}\` | ${type} | ${help} |`);
  return ['| name | type | meaning |', '| --- | --- | --- |', ...rows].join('\n');
}

function routesTable(): string {
  const rows = routeRows().map(({ method, path, introducedBy, rule }) => {
    const form = path.replaceAll(/:(\w+)/g, '{$1}');
    return `| ${method} | \`${form}\` | 1.${introducedBy === undefined ? 0 : minorOf(introducedBy)} | ${rule === null ? '' : `\`${rule}\``} |`;
  });
  return ['| method | path | since | rule |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

if (process.argv[1]?.endsWith('docs.ts') === true) {
  for (const { file, name, table } of GENERATED) {
    const page = readFileSync(file, 'utf8');
    writeFileSync(
      file,
      page.replace(section(name), (_, before: string, __, after: string) => before + table() + after),
    );
  }
  writeFileSync(API_DOCUMENT, apiDocument());
}
