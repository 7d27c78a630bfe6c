import { listBody, type LongBody } from '../../http/long-body.js';
import { byVersion, type Version } from '../../http/microversions.js';
import { jsonString } from '../../http/json.js';
import { memberOf, type Provider, type Tree, type View } from '../../topology/model.js';
import { perProvider } from '../render.js';

/** The data of a provider that a write returns, before the topology has it. */
export interface ProviderSummary {
  readonly uuid: string;
  readonly name: string;
  readonly generation: number;
  readonly parentUuid: string | null;
  readonly rootUuid: string;
}

/** The links and members of a provider that a version shows. */
export interface Form {
  readonly links: readonly string[];
  readonly nested: boolean;
}

const base = ['inventories', 'usages'];
export const formOf = byVersion<Form>(
  { links: base, nested: false },
  {
    providerAggregates: { links: [...base, 'aggregates'], nested: false },
    traits: { links: [...base, 'aggregates', 'traits'], nested: false },
    allocationsLink: { links: [...base, 'aggregates', 'traits', 'allocations'], nested: false },
    nestedProviders: { links: [...base, 'aggregates', 'traits', 'allocations'], nested: true },
  },
);

/** The JSON of a provider. @param prefix the path under which clients see the service */
export function renderProvider(provider: ProviderSummary, version: Version, prefix: string): string {
  const { links, nested } = formOf(version);
  const self = jsonString(`${prefix}/resource_providers/${provider.uuid}`);
  const href = self.slice(0, -1);
  const rest = links.map((rel) => `, {"rel": "${rel}", "href": ${href}/${rel}"}`).join('');
  const tree = nested
    ? `, "parent_provider_uuid": ${JSON.stringify(provider.parentUuid)}, "root_provider_uuid": "${provider.rootUuid}"`
    : '';
  return (
    `{"uuid": "${provider.uuid}", "name": ${jsonString(provider.name)}, "generation": ${provider.generation}, ` +
    `"links": [{"rel": "self", "href": ${self}}${rest}]${tree}}`
  );
}

/** The JSON for a service at the root of its server is kept, in bytes, for each form. */
const kept = perProvider(() => new Map<Form, Buffer>());

/** The JSON of a provider of the topology. */
export function renderFromView(provider: Provider, view: View, version: Version, prefix: string): string {
  return renderFromTree(provider, view.treeOf(provider), version, prefix).toString('latin1');
}

/** In the units of candidates/effort.ts. */
export const WORK_FOR_A_PROVIDER = 100;

/** The JSON of some providers of the topology. When there are many, it is rendered while it is sent. render-all.ts renders all providers. */
export function renderList(
  providers: readonly Provider[],
  view: View,
  version: Version,
  prefix: string,
): LongBody | readonly Buffer[] {
  // All trees are looked up now, because the view may change before the last provider is rendered.
  const trees = providers.map((provider) => view.treeOf(provider));
  return listBody(
    ['{"resource_providers": [', ', ', ']}'],
    providers,
    (provider, index) => renderFromTree(provider, trees[index] as Tree, version, prefix),
    WORK_FOR_A_PROVIDER,
  );
}

function renderFromTree(provider: Provider, tree: Tree, version: Version, prefix: string): string | Buffer {
  if (prefix !== '') return renderInTree(provider, tree, version, prefix);
  const texts = kept(provider);
  const wanted = formOf(version);
  let text = texts.get(wanted);
  if (text === undefined) {
    text = Buffer.from(renderInTree(provider, tree, version, prefix), 'latin1');
    texts.set(wanted, text);
  }
  return text;
}

/** Renders the JSON of a provider of the topology. Does not use the kept JSON. */
export function renderInTree(provider: Provider, tree: Tree, version: Version, prefix: string): string {
  const uuidOf = (id: number): string => memberOf(tree, id)?.uuid ?? '';
  const { uuid, name, generation, parentId, rootId } = provider;
  const parentUuid = parentId === null ? null : uuidOf(parentId);
  return renderProvider({ uuid, name, generation, parentUuid, rootUuid: uuidOf(rootId) }, version, prefix);
}
