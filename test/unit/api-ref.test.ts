import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { routeTable } from '../../src/app.js';
import { minorOf } from '../../src/http/microversions.js';
import type { Parts } from '../../src/parts.js';
import { ROOT } from '../support/process.js';

describe('the list of routes in api-ref', () => {
  it('is the route table', () => {
    // Only the data of the routes is looked at; no handler runs, so none needs its parts.
    const rows = routeTable({} as Parts).map(({ method, path: route, since, rule }) => {
      const form = route.replaceAll(/:(\w+)/g, '{$1}');
      return `| ${method} | \`${form}\` | ${since === undefined ? '1.0' : `1.${minorOf(since)}`} | ${rule === null ? '' : `\`${rule}\``} |`;
    });
    const page = readFileSync(path.join(ROOT, 'api-ref/README.md'), 'utf8');
    const table = page.split('\n').filter((line) => /^\| (GET|PUT|POST|DELETE) /.test(line));
    assert.deepEqual(table, rows, `The page should have:\n${rows.join('\n')}`);
  });
});
