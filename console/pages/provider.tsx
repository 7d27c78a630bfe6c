import { useState } from 'preact/hooks';
import type { ChangesPage, ConsumerAllocations, Provider, ProviderAllocations, ProviderTree } from '../documents.js';
import { amount, count, counted } from '../format.js';
import {
  AmountsText,
  Bar,
  ConsumerLink,
  Copy,
  Empty,
  Name,
  ProviderLink,
  Section,
  Table,
  Uuid,
  Right,
} from '../parts/bits.js';
import { ChangeLines } from '../parts/change-lines.js';
import { Page, Shown } from '../parts/page.js';
import { Tree } from '../parts/tree.js';
import { hrefOf } from '../router.js';
import { isAllowed, session } from '../session.js';
import { useStore } from '../store.js';
import { askOnce, useResponse } from '../use-response.js';

/** One provider, in its tree. */
export function ProviderPage({ uuid }: { readonly uuid: string }) {
  const now = useStore(session);
  const item = encodeURIComponent(uuid);
  const view = useResponse<ProviderTree>(`/stockroom/providers/${item}`);
  const holders = useResponse<ProviderAllocations>(
    isAllowed(now, 'placement:resource_providers:allocations:list') ? `/resource_providers/${item}/allocations` : null,
  );
  const changes = useResponse<ChangesPage>(
    isAllowed(now, 'stockroom:changes') ? `/stockroom/changes?order=newest&limit=10&provider=${item}` : null,
  );
  const provider = view.body?.providers.find((one) => one.uuid === uuid) ?? null;
  return (
    <Page title={provider?.name ?? 'Provider'} views={[view, holders, changes]}>
      <p class="crumbs">
        <a href={hrefOf(['providers'])}>Providers</a>
        {ancestors(view.body, provider).map((one) => (
          <span key={one.uuid}>
            {' / '}
            <ProviderLink uuid={one.uuid} name={one.name} />
          </span>
        ))}
      </p>
      <Shown of={view} what="the provider">
        {(tree) => (
          <>
            {provider !== null && <Identity provider={provider} />}
            <div class="columns tree-columns">
              {tree.providers.length > 1 && (
                <Section title="Tree">
                  <Tree providers={tree.providers} current={uuid} />
                </Section>
              )}
              <div>{provider !== null && <Details provider={provider} tree={tree} />}</div>
            </div>
          </>
        )}
      </Shown>
      <div class="columns">
        {holders.path !== null && (
          <Section title="Consumers">
            <Shown of={holders} what="the consumers">
              {({ allocations }) => <Consumers allocations={allocations} />}
            </Shown>
          </Section>
        )}
        {changes.path !== null && (
          <Section title="Changes" aside={<a href={hrefOf(['changes'], { provider: uuid })}>all</a>}>
            <Shown of={changes} what="the changes">
              {(page) =>
                page.changes.length === 0 ? (
                  <Empty>No change of it is recorded.</Empty>
                ) : (
                  <ChangeLines changes={page.changes} />
                )
              }
            </Shown>
          </Section>
        )}
      </div>
    </Page>
  );
}

/** From the root down to the parent. */
function ancestors(tree: ProviderTree | null, provider: Provider | null): Provider[] {
  const path: Provider[] = [];
  let above = provider?.parent_provider_uuid ?? null;
  while (above !== null && tree !== null && path.length < tree.providers.length) {
    const parent = tree.providers.find((one) => one.uuid === above);
    if (parent === undefined) break;
    path.unshift(parent);
    above = parent.parent_provider_uuid;
  }
  return path;
}

function Identity({ provider: { uuid, generation } }: { readonly provider: Provider }) {
  return (
    <p class="identity">
      <span>
        uuid <code>{uuid}</code> <Copy text={uuid} label="Copy the uuid" />
      </span>
      <span>
        generation <span class="number">{generation}</span>
      </span>
    </p>
  );
}

function Details({ provider, tree }: { readonly provider: Provider; readonly tree: ProviderTree }) {
  const { traits, aggregates } = provider;
  const { roots, number } = tree.shares_with;
  return (
    <>
      <Section title="Inventory">
        <Inventories provider={provider} />
      </Section>
      <Section title="Traits">
        {traits.length === 0 ? (
          <Empty>It has no traits.</Empty>
        ) : (
          <ul class="chips">
            {traits.map((trait) => (
              <li key={trait}>
                <a href={hrefOf(['providers'], { trait })}>
                  <Name of={trait} />
                </a>
              </li>
            ))}
          </ul>
        )}
      </Section>
      <Section title="Aggregates">
        {aggregates.length === 0 ? (
          <Empty>It is in no aggregate.</Empty>
        ) : (
          <ul class="chips">
            {aggregates.map((aggregate) => (
              <li key={aggregate}>
                <a href={hrefOf(['providers'], { member_of: aggregate })}>
                  <Uuid of={aggregate} />
                </a>
              </li>
            ))}
          </ul>
        )}
        {number > 0 && (
          <p>
            shares with {counted(number, 'tree')}:{' '}
            {roots.map((root, index) => (
              <span key={root.uuid}>
                {index > 0 && ', '}
                <ProviderLink uuid={root.uuid} name={root.name} />
              </span>
            ))}
            {number > roots.length && ` and ${count(number - roots.length)} more`}
          </p>
        )}
      </Section>
    </>
  );
}

function Inventories({ provider: { inventories } }: { readonly provider: Provider }) {
  const entries = Object.entries(inventories);
  if (entries.length === 0) return <Empty>It has no inventory.</Empty>;
  return (
    <Table
      label="Inventory"
      head={[
        'Class',
        'Used of capacity',
        <Right key="used">Used</Right>,
        <Right key="capacity">Capacity</Right>,
        <Right key="total">Total</Right>,
        <Right key="reserved">Reserved</Right>,
        <Right key="ratio">Ratio</Right>,
        <Right key="min">Min</Right>,
        <Right key="max">Max</Right>,
        <Right key="step">Step</Right>,
      ]}
    >
      {entries.map(([name, inventory]) => {
        const {
          used,
          capacity,
          total,
          reserved,
          allocation_ratio: ratio,
          min_unit: min,
          max_unit: max,
          step_size: step,
        } = inventory;
        return (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td class="wide">
              <Bar part={used} of={capacity} />
            </td>
            {[used, capacity, total, reserved].map((value, index) => {
              const { text, exact } = amount(name, value);
              return (
                <td class="number" title={exact} key={index}>
                  {text}
                </td>
              );
            })}
            <td class="number">{ratio}</td>
            <td class="number">{count(min)}</td>
            <td class="number">{max === 2_147_483_647 ? <span title="2,147,483,647">any</span> : count(max)}</td>
            <td class="number">{count(step)}</td>
          </tr>
        );
      })}
    </Table>
  );
}

const FIRST_CONSUMERS = 20;

function Consumers({ allocations }: Pick<ProviderAllocations, 'allocations'>) {
  const [shown, setShown] = useState(FIRST_CONSUMERS);
  const entries = Object.entries(allocations);
  if (entries.length === 0) return <Empty>No consumer holds anything here.</Empty>;
  return (
    <>
      <p class="faint">{counted(entries.length, 'consumer')}</p>
      <Table label="Consumers" head={['Consumer', 'Holds here', 'Who']}>
        {entries.slice(0, shown).map(([consumer, { resources }]) => (
          <tr key={consumer}>
            <th scope="row">
              <ConsumerLink uuid={consumer} />
            </th>
            <td>
              <AmountsText of={resources} />
            </td>
            <td>
              <Who consumer={consumer} />
            </td>
          </tr>
        ))}
      </Table>
      {entries.length > shown && (
        <button
          type="button"
          onClick={() => {
            setShown(shown + 100);
          }}
        >
          More
        </button>
      )}
    </>
  );
}

/** The allocations of a provider do not say whose they are: that is another request for each. */
function Who({ consumer }: { readonly consumer: string }) {
  const now = useStore(session);
  const [found, setFound] = useState<ConsumerAllocations | string | null>(null);
  if (!isAllowed(now, 'placement:allocations:list')) return null;
  if (found === null) {
    return (
      <button
        type="button"
        class="quiet"
        aria-label={`Look up the consumer ${consumer}`}
        onClick={() => {
          askOnce<ConsumerAllocations>(`/allocations/${encodeURIComponent(consumer)}`).then(setFound, () => {
            setFound('not found');
          });
        }}
      >
        look up
      </button>
    );
  }
  if (typeof found === 'string') return <>{found}</>;
  const { consumer_type: type, project_id: project } = found;
  return (
    <>
      {type ?? 'unknown type'}, project <bdi>{project ?? '-'}</bdi>
    </>
  );
}
