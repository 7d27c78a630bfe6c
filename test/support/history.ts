import assert from 'node:assert/strict';
import type { Change, ChangesPage } from '../../src/history/model.js';
import type { Api } from './service.js';

export async function changesPage(api: Api, query = ''): Promise<ChangesPage> {
  const { body } = await api.get(`/stockroom/changes?${query}`).expect(200);
  return body as ChangesPage;
}

/** The place after everything that has happened. The first call makes a history of a copied database its own. */
export async function historyNow(api: Api): Promise<string> {
  return (await changesPage(api, 'since=now&limit=1')).next;
}

/** Everything from a place on, a page at a time. */
export async function changesSince(api: Api, since: string, query = ''): Promise<Change[]> {
  const changes: Change[] = [];
  for (let next = since, more = true; more;) {
    const page = await changesPage(api, `since=${next}&${query}`);
    changes.push(...page.changes);
    ({ next, more } = page);
  }
  return changes;
}

/** What a change says, without what differs from run to run. */
export function told({ kind, action, name, before, after }: Change): object {
  return { kind, action, ...(name === undefined ? {} : { name }), before, after };
}

/** Each change of an object begins where the one before it ended. */
export function assertChained(changes: readonly Change[]): void {
  const last = new Map<string, unknown>();
  for (const { kind, provider, consumer, name, before, after, cursor } of changes) {
    if (kind === 'traits' || kind === 'aggregates' || kind === 'everything') continue;
    const key = [kind, provider?.uuid, consumer?.uuid, kind === 'inventory' ? name : ''].join(' ');
    if (last.has(key)) assert.deepEqual(before, last.get(key), `the change at ${cursor} of ${key}`);
    last.set(key, after);
  }
}
