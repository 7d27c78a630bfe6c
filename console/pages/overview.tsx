import type { Overview } from '../documents.js';
import { amount, count, counted, moment, percent, range } from '../format.js';
import { Bar, ConsumerLink, Empty, Section, Table, Unseen, Right } from '../parts/bits.js';
import { Page, Shown } from '../parts/page.js';
import { conditionText } from '../query.js';
import { hrefOf, hrefWithQuery } from '../router.js';
import { isAllowed, session } from '../session.js';
import { useStore } from '../store.js';
import { useResponse } from '../use-response.js';

/** What there is, and how full it is. */
export function OverviewPage() {
  const view = useResponse<Overview>('/stockroom/overview');
  return (
    <Page title="Overview" views={[view]}>
      <Shown of={view} what="the overview">
        {(overview) => (
          <>
            <Figures overview={overview} />
            <Classes overview={overview} />
            <div class="columns">
              <Shapes shapes={overview.shapes} />
              <Attention overview={overview} />
            </div>
          </>
        )}
      </Shown>
    </Page>
  );
}

function Figures({ overview: { providers, trees, consumers } }: { readonly overview: Overview }) {
  return (
    <dl class="figures">
      <Figure label="providers" value={count(providers)} />
      <Figure label="trees" value={count(trees)} />
      <Figure label="consumers (estimate)" value={count(consumers)} />
    </dl>
  );
}

function Figure({ label, value }: { readonly label: string; readonly value: string }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}

/** The three that every cloud has come first. */
const FIRST = ['VCPU', 'PCPU', 'MEMORY_MB', 'DISK_GB'];

function Classes({ overview: { classes, providers } }: { readonly overview: Overview }) {
  if (classes.length === 0) {
    return (
      <Empty>
        {providers === 0
          ? 'There is no resource provider yet. Nova, Neutron or you create the first one.'
          : 'No provider has an inventory yet.'}
      </Empty>
    );
  }
  const rank = (name: string): number => (FIRST.indexOf(name) + FIRST.length + 1) % (FIRST.length + 1);
  const sorted = [...classes].sort((a, b) => rank(a.name) - rank(b.name) || (a.name < b.name ? -1 : 1));
  return (
    <Section title="Resource classes">
      <Table
        label="Resource classes"
        head={[
          'Class',
          'Used of capacity',
          <Unseen>Part that is used</Unseen>,
          <Right key="used">Used</Right>,
          <Right key="capacity">Capacity</Right>,
          <Right key="reserved">Reserved</Right>,
          <Right key="providers">Providers</Right>,
        ]}
      >
        {sorted.map(({ name, used, capacity, reserved, providers: having }) => (
          <tr key={name}>
            <th scope="row">
              <a href={hrefOf(['providers'], { class: name, sort: 'fullest' })}>{name}</a>
            </th>
            <td class="wide">
              <Bar part={used} of={capacity} />
            </td>
            <td class="number">{percent(used, capacity)}</td>
            {[used, capacity, reserved].map((value, index) => {
              const { text, exact } = amount(name, value);
              return (
                <td class="number" title={exact} key={index}>
                  {text}
                </td>
              );
            })}
            <td class="number">{count(having)}</td>
          </tr>
        ))}
      </Table>
    </Section>
  );
}

function Shapes({ shapes }: Pick<Overview, 'shapes'>) {
  const now = useStore(session);
  const [mayCount, mayExplain] = [isAllowed(now, 'stockroom:capacity'), isAllowed(now, 'stockroom:explain')];
  return (
    <Section title="How many more fit">
      {shapes.length === 0 ? (
        <Empty>
          The configuration names no shapes. <code>[stockroom] capacity_shape</code> does.
        </Empty>
      ) : (
        <Table label="How many more fit" head={['Shape', <Right key="more">More</Right>, 'Limited by']}>
          {shapes.map((shape) => (
            <tr key={shape.name}>
              <th scope="row">
                {mayCount ? <a href={hrefWithQuery(['capacity'], shape.query)}>{shape.name}</a> : shape.name}
              </th>
              <td class="number">{range(shape)}</td>
              <td>
                {shape.at_most === 0 && mayExplain ? (
                  <a href={hrefWithQuery(['why'], shape.query)}>why?</a>
                ) : (
                  shape.limits.map((id) => conditionText(id)).join(', ')
                )}
              </td>
            </tr>
          ))}
        </Table>
      )}
    </Section>
  );
}

function Attention({ overview }: { readonly overview: Overview }) {
  const { over_capacity: over, without_inventory: without, on_two_trees: doubled } = overview;
  const isFine = over === 0 && without === 0 && (doubled === null || doubled.number === 0);
  return (
    <Section title="Needs a look">
      {isFine ? (
        <Empty>
          Nothing: no provider is over its capacity, all have an inventory
          {doubled !== null && ', and no consumer holds on two trees'}.
        </Empty>
      ) : (
        <ul class="plain">
          {over > 0 && (
            <li>
              <a href={hrefOf(['providers'], { state: 'over_capacity' })}>{counted(over, 'provider')} over capacity</a>
            </li>
          )}
          {without > 0 && (
            <li>
              <a href={hrefOf(['providers'], { state: 'without_inventory' })}>
                {counted(without, 'provider')} without inventory
              </a>
            </li>
          )}
          {doubled !== null && doubled.number > 0 && <OnTwoTrees doubled={doubled} />}
        </ul>
      )}
    </Section>
  );
}

function OnTwoTrees({
  doubled: { as_of: at, number, consumers },
}: {
  readonly doubled: NonNullable<Overview['on_two_trees']>;
}) {
  return (
    <li>
      {counted(number, 'consumer')} on two trees:{' '}
      {consumers.map((uuid, index) => (
        <span key={uuid}>
          {index > 0 && ', '}
          <ConsumerLink uuid={uuid} />
        </span>
      ))}
      {number > consumers.length && (
        <>
          {' '}
          and {count(number - consumers.length)} more; <code>stockroom audit orphans</code> lists all
        </>
      )}{' '}
      <span class="faint">(counted {moment(at)})</span>
    </li>
  );
}
