import type { InventoryState, ProviderState } from '../../src/topology/changes.js';
import { Topology } from '../../src/topology/topology.js';

export interface InventorySpec {
  readonly total: number;
  readonly reserved?: number;
  readonly minUnit?: number;
  readonly maxUnit?: number;
  readonly stepSize?: number;
  readonly ratio?: number;
  readonly used?: number;
}

export interface ProviderSpec {
  /** Name of the parent, which must come before its children. */
  readonly parent?: string;
  /** By class name; a number is the total. */
  readonly inventory?: Readonly<Record<string, number | InventorySpec>>;
  readonly traits?: readonly string[];
  readonly aggregates?: readonly string[];
}

export type WorldSpec = Readonly<Record<string, ProviderSpec>>;

/**
 * A topology out of providers by name; the name is the uuid, too. Classes and traits exist as soon as they are mentioned,
 * here or in `known`.
 */
export function buildWorld(spec: WorldSpec, known: { classes?: string[]; traits?: string[] } = {}): Topology {
  const classIds = numbered(known.classes ?? []);
  const traitIds = numbered(known.traits ?? []);
  const providerIds = numbered(Object.keys(spec));
  const roots = new Map<string, number>();
  const providers = Object.entries(spec).map(([name, { parent, inventory = {}, traits = [], aggregates = [] }]) => {
    const id = providerIds(name);
    const rootId = parent === undefined ? id : roots.get(parent);
    if (rootId === undefined) throw new Error(`${name} comes before its parent ${parent}`);
    roots.set(name, rootId);
    const inventories = Object.entries(inventory).map(([className, amounts]) =>
      inventoryState(classIds(className), typeof amounts === 'number' ? { total: amounts } : amounts),
    );
    const parentId = parent === undefined ? null : providerIds(parent);
    const traitKey = traits
      .map(traitIds)
      .sort((a, b) => a - b)
      .join(',');
    inventories.sort(([a], [b]) => a - b);
    const aggregateKey = [...aggregates].sort().join(',');
    const state: ProviderState = [id, name, name, 0, parentId, rootId, 0, inventories, traitKey, aggregateKey];
    return [id, state] as const;
  });
  const topology = new Topology();
  topology.apply({
    resourceClasses: [...classIds.all].map(([name, id]) => [id, [id, name, 0]]),
    traits: [...traitIds.all].map(([name, id]) => [id, [id, name, 0]]),
    providers,
  });
  return topology;
}

function inventoryState(classId: number, spec: InventorySpec): InventoryState {
  const { total, reserved = 0, minUnit = 1, maxUnit = 2147483647, stepSize = 1, ratio = 1, used = 0 } = spec;
  return [classId, total, reserved, minUnit, maxUnit, stepSize, ratio, used, 0];
}

/** Gives each name a number at its first mention. */
function numbered(
  names: readonly string[],
): ((name: string) => number) & { readonly all: ReadonlyMap<string, number> } {
  const all = new Map<string, number>();
  const numberOf = (name: string): number => {
    const number = all.get(name) ?? all.size + 1;
    all.set(name, number);
    return number;
  };
  names.forEach(numberOf);
  return Object.assign(numberOf, { all });
}
