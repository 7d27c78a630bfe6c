import assert from 'node:assert/strict';
import { routeTable, type RouteDependencies } from '../../src/app.js';
import { minorOf } from '../../src/http/microversions.js';
import { tableRowsOf, textOf } from '../support/documents.js';

describe('the route tables of docs/contract/routes.md', () => {
  const page = textOf('docs/contract/routes.md');
  const routes = routeTable({} as RouteDependencies).map(({ method, path, introducedBy, rule }) => ({
    method,
    path: path.replaceAll(/:(\w+)/g, '{$1}'),
    since: `1.${introducedBy === undefined ? 0 : minorOf(introducedBy)}`,
    rule: rule ?? 'none',
  }));
  const isOwn = ({ path }: { path: string }): boolean => /^\/(?:stockroom\/|healthz$|readyz$)/.test(path);

  it('have the routes of Placement, each with its first microversion and its policy rule', () => {
    assert.deepEqual(
      tableRowsOf(page, 'Route table')
        .map(({ method, path, since, 'policy rule': rule }) => ({ method, path, since, rule }))
        .sort(byPath),
      routes.filter((route) => !isOwn(route)).sort(byPath),
    );
  });

  it('have the other routes, each with its policy rule', () => {
    assert.deepEqual(
      tableRowsOf(page, 'Routes of Stockroom')
        .map(({ method, path, 'policy rule': rule }) => ({ method, path, since: '1.0', rule }))
        .sort(byPath),
      routes.filter(isOwn).sort(byPath),
    );
  });
});

function byPath(
  one: Readonly<Record<string, string | undefined>>,
  other: Readonly<Record<string, string | undefined>>,
): number {
  return `${one['path']} ${one['method']}` < `${other['path']} ${other['method']}` ? -1 : 1;
}
