import { jsonString, toJson } from '../../http/json.js';
import { listBody, type LongBody } from '../../http/long-body.js';
import { hasTrait, type Provider, type Trait, type Tree } from '../../topology/model.js';
import type { Selected } from './select.js';

/** The response shows the names of at most so many matching providers. */
const MATCHES_SHOWN = 5;

/** ISO 8601 with an offset. */
export function timeText(time: Date): string {
  return time.toISOString().replace('Z', '+00:00');
}

/** One tree of the list. */
export function treeEntry({ tree, root, matched }: Selected, sharing: Trait | undefined): object {
  const [traits, aggregates] = [new Set<number>(), new Set<string>()];
  let shares = false;
  for (const member of tree.members) {
    for (const { id } of member.traits.traits) traits.add(id);
    for (const uuid of member.aggregates) aggregates.add(uuid);
    shares ||= sharing !== undefined && hasTrait(member.traits, sharing);
  }
  return {
    uuid: root.uuid,
    name: root.name,
    providers: tree.members.length,
    shares,
    matched: matched.slice(0, MATCHES_SHOWN).map(({ name }) => name),
    resources: resourcesOf(tree),
    traits: traits.size,
    aggregates: aggregates.size,
  };
}

function resourcesOf({ members }: Tree): object {
  const sums = new Map<number, { name: string; capacity: number; used: number }>();
  for (const { inventories } of members) {
    for (const { resourceClass, capacity, used } of inventories) {
      const sum = sums.get(resourceClass.id) ?? { name: resourceClass.name, capacity: 0, used: 0 };
      sums.set(resourceClass.id, {
        ...sum,
        capacity: sum.capacity + Math.trunc(capacity),
        used: sum.used + used,
      });
    }
  }
  const ordered = [...sums].sort(([a], [b]) => a - b);
  return Object.fromEntries(ordered.map(([, { name, capacity, used }]) => [name, { capacity, used }]));
}

/** In the units of candidates/effort.ts. */
const WORK_FOR_A_PROVIDER = 300;

const ROOTS_SHOWN = 100;

export interface ShownTree {
  readonly asOf: Date;
  /** The providers in the order of the response. */
  readonly providers: readonly Provider[];
  /** Roots of the trees that share with this one. */
  readonly related: readonly Provider[];
}

/** Renders a tree with all data of its providers. A large tree is rendered while it is sent. */
export function renderTree({ asOf, providers, related }: ShownTree): LongBody | readonly Buffer[] {
  const uuids = new Map(providers.map(({ id, uuid }) => [id, uuid]));
  const roots = [...related].sort((a, b) => (a.name < b.name ? -1 : 1)).slice(0, ROOTS_SHOWN);
  const shown = toJson({ roots: roots.map(({ uuid, name }) => ({ uuid, name })), number: related.length });
  return listBody(
    [`{"as_of": "${timeText(asOf)}", "providers": [`, ', ', `], "shares_with": ${shown}}`],
    providers,
    (provider) => renderProvider(provider, uuids.get(provider.parentId ?? -1) ?? null),
    WORK_FOR_A_PROVIDER,
  );
}

function renderProvider(provider: Provider, parentUuid: string | null): string {
  const inventories = provider.inventories.map((inventory) => {
    const { resourceClass, total, reserved, minUnit, maxUnit, stepSize, allocationRatio, capacity, used } = inventory;
    return [
      resourceClass.name,
      {
        total,
        reserved,
        min_unit: minUnit,
        max_unit: maxUnit,
        step_size: stepSize,
        allocation_ratio: allocationRatio,
        capacity: Math.trunc(capacity),
        used,
      },
    ];
  });
  return (
    `{"uuid": "${provider.uuid}", "name": ${jsonString(provider.name)}, "parent_provider_uuid": ${JSON.stringify(parentUuid)}, ` +
    `"generation": ${provider.generation}, "inventories": ${toJson(Object.fromEntries(inventories))}, ` +
    `"traits": ${toJson(provider.traits.traits.map(({ name }) => name))}, "aggregates": ${toJson(provider.aggregates)}}`
  );
}
