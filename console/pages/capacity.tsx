import type { Capacity } from '../documents.js';
import { count, counted, range } from '../format.js';
import { Bar, Empty, ProviderLink, Section, Table, Unseen, Uuid, Right } from '../parts/bits.js';
import { Page, Shown } from '../parts/page.js';
import { QueryEditor } from '../parts/query-editor.js';
import { conditionText } from '../query.js';
import { hrefOf, hrefWithQuery } from '../router.js';
import { useResponse } from '../use-response.js';
import { useQuery } from '../use-query.js';

/** How many more requests of a shape fit, where, and what limits them. */
export function CapacityPage() {
  const state = useQuery('capacity');
  const { asked } = state;
  const view = useResponse<Capacity>(asked === null ? null : `/stockroom/capacity?${asked.text}`, asked?.version);
  return (
    <Page title="Capacity" views={[view]}>
      <QueryEditor
        text={state.text}
        version={state.version}
        action="Count"
        onEdit={state.edit}
        onAsk={() => {
          state.ask();
        }}
      />
      {asked === null ? (
        <Empty>
          Write the shape of a request, such as resources=VCPU:2,MEMORY_MB:4096, and see how many more of it fit.
        </Empty>
      ) : (
        <Shown of={view} what="the capacity">
          {(capacity) => <Counted capacity={capacity} query={asked.text} />}
        </Shown>
      )}
    </Page>
  );
}

function Counted({ capacity, query }: { readonly capacity: Capacity; readonly query: string }) {
  const {
    count: fits,
    exact,
    trees,
    limits,
    if_pooled: pooled,
    by_aggregate: aggregates,
    by_tree: byTree,
    shared,
  } = capacity;
  const lost = pooled - fits.at_least;
  return (
    <>
      <p class={`verdict ${fits.at_least > 0 ? 'good' : 'bad'}`} role="status">
        {range(fits)} more {fits.at_most === 1 ? 'fits' : 'fit'}, on {count(trees.fitting)} of{' '}
        {counted(trees.all, 'tree')}.
      </p>
      {fits.at_most === 0 && (
        <p>
          <a href={hrefWithQuery(['why'], query)}>Why does nothing fit?</a>
        </p>
      )}
      {lost > 0 && (
        <p>
          {count(pooled)} would if all room were in one place: {count(lost)} lost to fragmentation.
        </p>
      )}
      {!exact && (
        <p class="hint">
          The exact number is too expensive to find for this shape: {count(fits.at_least)} were packed, and more than{' '}
          {count(fits.at_most)} cannot be.
        </p>
      )}
      {limits.length > 0 && (
        <Section title="Limited by">
          <ul class="chips">
            {limits.map(({ condition, trees: limited }) => (
              <li key={condition}>
                {conditionText(condition)} <span class="faint">{counted(limited, 'tree')}</span>
              </li>
            ))}
          </ul>
        </Section>
      )}
      {shared !== undefined && shared.length > 0 && (
        <Section title="Sharing providers that are full then">
          <ul class="plain">
            {shared.map(({ provider, condition }) => (
              <li key={`${provider.uuid} ${condition}`}>
                <ProviderLink uuid={provider.uuid} name={provider.name} />: {conditionText(condition)}
              </li>
            ))}
          </ul>
        </Section>
      )}
      <div class="columns">
        {aggregates.length > 0 && (
          <Section title="By aggregate">
            <Table
              label="By aggregate"
              head={['Aggregate', <Right key="fit">Fit</Right>, <Unseen key="bar">Bar</Unseen>]}
            >
              {aggregates.map((one) => (
                <tr key={one.aggregate}>
                  <th scope="row">
                    <a href={hrefOf(['providers'], { member_of: one.aggregate })}>
                      <Uuid of={one.aggregate} />
                    </a>
                  </th>
                  <td class="number">{range(one)}</td>
                  <td class="wide">
                    <Bar
                      part={one.at_least}
                      of={Math.max(fits.at_least, ...aggregates.map((other) => other.at_least))}
                      plain
                    />
                  </td>
                </tr>
              ))}
            </Table>
          </Section>
        )}
        {byTree.length > 0 && (
          <Section title="By tree">
            <Table label="By tree" head={['Tree', <Right key="fit">Fit</Right>, 'Limited by']}>
              {byTree.map((one) => (
                <tr key={one.root.uuid}>
                  <th scope="row">
                    <ProviderLink uuid={one.root.uuid} name={one.root.name} />
                  </th>
                  <td class="number">{range(one)}</td>
                  <td>{one.limits.map((id) => conditionText(id)).join(', ')}</td>
                </tr>
              ))}
            </Table>
          </Section>
        )}
      </div>
    </>
  );
}
