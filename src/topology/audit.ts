import type pg from 'pg';
import { inOneSnapshot, readEverything, since, type Mark } from './journal.js';
import type { Provider, ResourceClass, Trait, View } from './model.js';
import type { Topology } from './topology.js';

/**
 * Compares a topology with the database at one snapshot: catches up and loads a second copy inside one transaction. Slow and
 * complete; a difference is a bug in `apply` or in the journal.
 */
export function audit(
  client: pg.ClientBase,
  { topology, mark }: { topology: Topology; mark: Mark },
): Promise<{ topology: Topology; mark: Mark; differences: readonly string[] }> {
  return inOneSnapshot(client, async () => {
    const news = await since(client, mark);
    const fresh = await readEverything(client);
    if (news === 'reload') return { ...fresh, differences: [] };
    let found: string[];
    try {
      if (!topology.apply(news.changes)) return { ...fresh, differences: [] };
      found = differences(topology, fresh.topology);
    } catch (error) {
      found = [`a change does not fit: ${(error as Error).message}`];
    }
    return found.length === 0 ? { topology, mark: news.mark, differences: found } : { ...fresh, differences: found };
  });
}

/** What differs between two topologies, in words; empty when they hold the same. */
export function differences(ours: View, theirs: View): string[] {
  const found: string[] = [];
  compare('resource class', ours.resourceClasses, theirs.resourceClasses, describeName, found);
  compare('trait', ours.traits, theirs.traits, describeName, found);
  compare('provider', ours.providers, theirs.providers, describeProvider, found);
  compare('tree', ours.trees, theirs.trees, (tree) => tree.members.map((member) => member.id).join(','), found);
  return found;
}

function compare<T>(
  kind: string,
  ours: ReadonlyMap<number, T>,
  theirs: ReadonlyMap<number, T>,
  describe: (object: T) => string,
  found: string[],
): void {
  for (const id of new Set([...ours.keys(), ...theirs.keys()])) {
    const [our, their] = [ours.get(id), theirs.get(id)];
    const [ourText, theirText] = [
      our === undefined ? 'absent' : describe(our),
      their === undefined ? 'absent' : describe(their),
    ];
    if (ourText !== theirText) found.push(`${kind} ${id}: in memory ${ourText}, in the database ${theirText}`);
  }
}

/** Without a trait's bit, which depends on the order in which they were met. */
function describeName({ name, modified }: ResourceClass | Trait): string {
  return `${name} of ${modified}`;
}

function describeProvider(provider: Provider): string {
  return JSON.stringify({
    ...provider,
    inventories: provider.inventories.map(({ resourceClass, ...rest }) => ({ class: resourceClass.id, ...rest })),
    traits: provider.traits.traits.map((trait) => trait.name),
  });
}
