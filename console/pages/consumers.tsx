import { useState } from 'preact/hooks';
import type { ChangesPage, ConsumerAllocations, Named, Usages } from '../documents.js';
import { amount, count, moment } from '../format.js';
import { AmountsText, Copy, Empty, Field, ProviderLink, Right, Section, Table } from '../parts/bits.js';
import { ChangeLines } from '../parts/change-lines.js';
import { KnownProvider } from '../parts/known-provider.js';
import { useHomes, type Home } from '../parts/known-trees.js';
import { Page, Shown } from '../parts/page.js';
import { go, hrefOf, usePlace } from '../router.js';
import { isAllowed, session } from '../session.js';
import { useStore } from '../store.js';
import { useResponse } from '../use-response.js';

/** What a consumer holds, and what a project uses. */
export function ConsumersPage({ uuid }: { readonly uuid: string | undefined }) {
  const now = useStore(session);
  const project = new URLSearchParams(usePlace().query).get('project') ?? '';
  const item = uuid === undefined ? null : encodeURIComponent(uuid);
  const held = useResponse<ConsumerAllocations>(item === null ? null : `/allocations/${item}`);
  const changes = useResponse<ChangesPage>(
    item !== null && isAllowed(now, 'stockroom:changes')
      ? `/stockroom/changes?order=newest&limit=20&consumer=${item}`
      : null,
  );
  const mayUse = isAllowed(now, 'placement:usages');
  const usages = useResponse<Usages>(
    mayUse && project !== '' ? `/usages?project_id=${encodeURIComponent(project)}` : null,
  );
  return (
    <Page title={uuid === undefined ? 'Consumers' : 'Consumer'} views={[held, changes, usages]}>
      <div class="filters">
        <LookUp
          label="Consumer uuid"
          action="Look up"
          value={uuid ?? ''}
          onAsk={(text) => {
            go(hrefOf(['consumers', text]));
          }}
        />
        {mayUse && (
          <LookUp
            label="Project id"
            action="Show usages"
            value={project}
            onAsk={(text) => {
              go(hrefOf(['consumers'], { project: text }));
            }}
          />
        )}
      </div>
      {uuid === undefined && project === '' && (
        <Empty>
          A consumer is found by its uuid: the uuid of an instance, for example. A project id finds what the project
          uses.
        </Empty>
      )}
      {held.path !== null && (
        <Shown of={held} what="the consumer">
          {(consumer) => <Holding uuid={uuid ?? ''} consumer={consumer} changes={changes.body} />}
        </Shown>
      )}
      {changes.path !== null && (
        <Section title="Changes" aside={<a href={hrefOf(['changes'], { consumer: uuid ?? null })}>all</a>}>
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
      {usages.path !== null && (
        <Section title="Usages of the project">
          <Shown of={usages} what="the usages">
            {(document) => <UsageTable document={document} />}
          </Shown>
        </Section>
      )}
    </Page>
  );
}

interface LookUpProps {
  readonly label: string;
  readonly action: string;
  readonly value: string;
  readonly onAsk: (text: string) => void;
}

function LookUp({ label, action, value, onAsk }: LookUpProps) {
  const [text, setText] = useState(value);
  return (
    <form
      class="look-up"
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim() !== '') onAsk(text.trim());
      }}
    >
      <Field label={label}>
        <input
          value={text}
          spellcheck={false}
          autocapitalize="off"
          onInput={({ currentTarget }) => {
            setText(currentTarget.value);
          }}
        />
      </Field>
      <button type="submit">{action}</button>
    </form>
  );
}

interface HoldingProps {
  readonly uuid: string;
  readonly consumer: ConsumerAllocations;
  readonly changes: ChangesPage | null;
}

function Holding({ uuid, consumer, changes }: HoldingProps) {
  const entries = Object.entries(consumer.allocations);
  const [newest] = changes?.changes ?? [];
  const homes = useHomes(entries.map(([provider]) => provider));
  const trees = treesHeld([...homes].filter(([provider]) => provider in consumer.allocations).map(([, home]) => home));
  return (
    <>
      <p class="identity">
        <span>
          uuid <code>{uuid}</code> <Copy text={uuid} label="Copy the uuid" />
        </span>
      </p>
      {entries.length === 0 ? (
        <Empty>This consumer holds nothing: it never did, or its allocations were deleted.</Empty>
      ) : (
        <>
          <dl class="figures small">
            {(
              [
                ['type', consumer.consumer_type ?? 'unknown'],
                ['project', consumer.project_id ?? '-'],
                ['user', consumer.user_id ?? '-'],
                ['generation', String(consumer.consumer_generation ?? '-')],
                ['last written', newest === undefined ? 'not recorded' : moment(newest.at)],
              ] as const
            ).map(([label, value]) => (
              <div key={label}>
                <dt>{label}</dt>
                <dd>
                  <bdi>{value}</bdi>
                </dd>
              </div>
            ))}
          </dl>
          {trees.length > 1 && (
            <p class="hint" role="status">
              ⚠ It holds on {count(trees.length)} trees: {trees.map(({ name }) => name).join(', ')}. Sharing providers
              do not count. An evacuation leaves this behind; <code>stockroom audit orphans</code> lists all such
              consumers.
            </p>
          )}
          <Table label="Allocations" head={['Provider', 'Tree', 'Holds', <Right key="generation">Generation</Right>]}>
            {entries.map(([provider, { resources, generation }]) => (
              <tr key={provider}>
                <th scope="row">
                  <KnownProvider uuid={provider} />
                </th>
                <td>
                  <TreeOf home={homes.get(provider)} />
                </td>
                <td>
                  <AmountsText of={resources} />
                </td>
                <td class="number">{generation}</td>
              </tr>
            ))}
          </Table>
        </>
      )}
    </>
  );
}

/** Different trees, without those that share: consumers of many trees have something of these. */
function treesHeld(homes: readonly Home[]): readonly Named[] {
  const roots = homes.filter(({ shares }) => !shares).map(({ root }) => root);
  return [...new Map(roots.map((root) => [root.uuid, root])).values()];
}

function TreeOf({ home }: { readonly home: Home | undefined }) {
  if (home === undefined) return <span class="faint">-</span>;
  return (
    <>
      <ProviderLink uuid={home.root.uuid} name={home.root.name} />
      {home.shares && <span class="tag">shares</span>}
    </>
  );
}

function UsageTable({ document: { usages } }: { readonly document: Usages }) {
  const types = Object.entries(usages);
  if (types.length === 0) return <Empty>The project uses nothing.</Empty>;
  return (
    <Table label="Usages of the project" head={['Type of consumer', <Right key="consumers">Consumers</Right>, 'Uses']}>
      {types.map(([type, { consumer_count: consumers, ...amounts }]) => (
        <tr key={type}>
          <th scope="row">{type}</th>
          <td class="number">{consumers === undefined ? '-' : count(consumers)}</td>
          <td>
            {Object.entries(amounts).map(([name, value], index) => {
              const { text, exact } = amount(name, value);
              return (
                <span key={name} title={exact}>
                  {index > 0 && ', '}
                  {name} <span class="number">{text}</span>
                </span>
              );
            })}
          </td>
        </tr>
      ))}
    </Table>
  );
}
