import type { Provider, ResourceClass, Trait, View } from './model.js';

/** The differences between two topologies, as text; empty when they are equal. */
export function differences(ours: View, theirs: View): string[] {
  return [...compareAll(ours, theirs)].filter((one) => one !== null);
}

/** Yields each difference, and null at points where the caller may let the event loop run. A change at such a point must be applied to both. */
export function* compareAll(ours: View, theirs: View): Generator<string | null> {
  yield* compare('resource class', ours.resourceClasses, theirs.resourceClasses, describeName);
  yield* compare('trait', ours.traits, theirs.traits, describeName);
  yield* compare('provider', ours.providers, theirs.providers, describeProvider);
  yield* compare('tree', ours.trees, theirs.trees, (tree) => tree.members.map((member) => member.id).join(','));
}

/** Making descriptions of so many characters takes a few milliseconds. They describe a thousand providers, or one in very many aggregates. */
const CHARACTERS = 400_000;

function* compare<T>(
  kind: string,
  ours: ReadonlyMap<number, T>,
  theirs: ReadonlyMap<number, T>,
  describe: (object: T) => string,
): Generator<string | null> {
  let left = CHARACTERS;
  for (const id of new Set([...ours.keys(), ...theirs.keys()])) {
    const [our, their] = [ours.get(id), theirs.get(id)];
    const [ourText, theirText] = [
      our === undefined ? 'absent' : describe(our),
      their === undefined ? 'absent' : describe(their),
    ];
    left -= ourText.length + theirText.length;
    if (left < 0) {
      left = CHARACTERS;
      yield null;
    }
    if (ourText !== theirText) yield `${kind} ${id}: in memory ${ourText}, in the database ${theirText}`;
  }
}

/** Leaves out the bit of a trait, because it depends on the order in which the topology got the traits. */
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
