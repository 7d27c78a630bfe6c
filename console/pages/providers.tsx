import { useEffect, useRef, useState } from 'preact/hooks';
import { Failure } from '../api.js';
import type { ProviderTree, TreeEntry, TreeList } from '../documents.js';
import { count, counted } from '../format.js';
import { Empty, Field, Gauge, Name, ProviderLink, Table, Right } from '../parts/bits.js';
import { Suggestions, useClasses, useTraits } from '../parts/suggestions.js';
import { Failed, Page, Shown } from '../parts/page.js';
import { Tree } from '../parts/tree.js';
import { hrefOf, replace, usePlace } from '../router.js';
import { messageOf } from '../session.js';
import { askOnce, useResponse } from '../use-response.js';

const FILTERS = ['q', 'trait', 'member_of', 'class', 'state', 'sort'] as const;
type Filters = Readonly<Record<(typeof FILTERS)[number], string>>;

const PAUSE_MS = 300;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The trees, found by name, trait, aggregate, class and state. */
export function ProvidersPage() {
  const { query } = usePlace();
  const parameters = new URLSearchParams(query);
  const filters = Object.fromEntries(FILTERS.map((name) => [name, parameters.get(name) ?? ''])) as Filters;
  const path = pathOf(filters, null);
  const view = useResponse<TreeList>(path);
  return (
    <Page title="Providers" views={[view]}>
      <FilterForm filters={filters} />
      <Shown of={view} what="the providers">
        {(first) => <Trees key={path} first={first} filters={filters} />}
      </Shown>
    </Page>
  );
}

function pathOf(filters: Filters, after: string | null): string {
  const query = new URLSearchParams();
  for (const name of FILTERS) if (filters[name] !== '') query.append(name, filters[name]);
  // To sort by how full something is needs a class.
  if (filters.class === '' && filters.sort !== 'name') query.delete('sort');
  if (after !== null) query.append('after', after);
  const text = query.toString();
  return `/stockroom/providers${text === '' ? '' : `?${text}`}`;
}

function FilterForm({ filters }: { readonly filters: Filters }) {
  const [draft, setDraft] = useState(filters);
  const timer = useRef<ReturnType<typeof setTimeout>>();
  const classes = useClasses();
  const traits = useTraits();
  const key = FILTERS.map((name) => filters[name]).join('\n');
  useEffect(() => {
    setDraft(filters);
  }, [key]);
  useEffect(
    () => () => {
      clearTimeout(timer.current);
    },
    [],
  );

  function change(part: Partial<Filters>): void {
    const next = { ...draft, ...part };
    setDraft(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      replace(hrefOf(['providers'], next));
    }, PAUSE_MS);
  }

  // The service rejects half a trait or uuid: such a field counts when it is complete, or left.
  const text = (
    name: 'q' | 'trait' | 'member_of',
    label: string,
    isComplete: (value: string) => boolean,
    list?: string,
  ) => (
    <Field label={label}>
      <input
        type="search"
        value={draft[name]}
        list={list}
        spellcheck={false}
        autocapitalize="off"
        onInput={({ currentTarget: { value } }) => {
          if (value === '' || isComplete(value)) change({ [name]: value });
          else setDraft({ ...draft, [name]: value });
        }}
        onChange={({ currentTarget: { value } }) => {
          change({ [name]: value.trim() });
        }}
      />
    </Field>
  );
  return (
    <form
      class="filters"
      role="search"
      aria-label="Filter providers"
      onSubmit={(event) => {
        event.preventDefault();
      }}
    >
      {text('q', 'Name or uuid', () => true)}
      {text('trait', 'Trait', (value) => traits.includes(value), 'traits')}
      {text('member_of', 'Aggregate', (value) => UUID.test(value))}
      <Field label="Class">
        <select
          value={draft.class}
          onChange={({ currentTarget }) => {
            change({ class: currentTarget.value });
          }}
        >
          <option value="">any</option>
          {[...new Set([...classes, draft.class])].filter(Boolean).map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </Field>
      <Field label="State">
        <select
          value={draft.state}
          onChange={({ currentTarget }) => {
            change({ state: currentTarget.value });
          }}
        >
          <option value="">any</option>
          <option value="over_capacity">over capacity</option>
          <option value="without_inventory">without inventory</option>
        </select>
      </Field>
      <Field label="Sort">
        <select
          value={draft.class === '' ? 'name' : draft.sort || 'name'}
          onChange={({ currentTarget }) => {
            change({ sort: currentTarget.value });
          }}
        >
          <option value="name">by name</option>
          <option value="fullest" disabled={draft.class === ''}>
            fullest first
          </option>
          <option value="freest" disabled={draft.class === ''}>
            freest first
          </option>
        </select>
      </Field>
      <Suggestions id="traits" names={traits} />
    </form>
  );
}

/** More than these would only fill the memory of the tab. */
const MOST_ROWS = 1000;

interface More {
  readonly trees: readonly TreeEntry[];
  readonly next: string | null;
  readonly isOlder: boolean;
}

function Trees({ first, filters }: { readonly first: TreeList; readonly filters: Filters }) {
  const [more, setMore] = useState<More>({ trees: [], next: first.next, isOlder: false });
  const [failure, setFailure] = useState<Failure | null>(null);
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const toggle = (uuid: string): void => {
    const next = new Set(opened);
    if (!next.delete(uuid)) next.add(uuid);
    setOpened(next);
  };
  useEffect(() => {
    setMore({ trees: [], next: first.next, isOlder: false });
  }, [first]);
  const trees = [...first.trees, ...more.trees];
  const isFiltered = FILTERS.some((name) => name !== 'sort' && filters[name] !== '');
  if (trees.length === 0) {
    return <Empty>{isFiltered ? 'No tree matches.' : 'There is no resource provider yet.'}</Empty>;
  }

  async function readMore(next: string): Promise<void> {
    setFailure(null);
    try {
      const page = await askOnce<TreeList>(pathOf(filters, next));
      setMore({ trees: [...more.trees, ...page.trees], next: page.next, isOlder: page.as_of !== first.as_of });
    } catch (error) {
      setFailure(error instanceof Failure ? error : new Failure(0, messageOf(error)));
    }
  }

  const classes = shownClasses(trees, filters.class);
  return (
    <>
      <p class="faint" role="status">
        {counted(first.matching, 'tree')} match
        {first.matching === 1 ? 'es' : ''}, {count(trees.length)} shown
        {more.isOlder && '; the cloud has changed meanwhile'}
      </p>
      <Table
        label="Providers"
        head={[
          'Name',
          ...classes,
          <Right key="providers">Providers</Right>,
          <Right key="traits">Traits</Right>,
          <Right key="aggregates">Aggregates</Right>,
        ]}
      >
        {trees.map((tree) => [
          <tr key={tree.uuid}>
            <th scope="row">
              <span class="expandable">
                {tree.providers > 1 ? (
                  <button
                    type="button"
                    class="quiet"
                    aria-expanded={opened.has(tree.uuid)}
                    aria-label={`Providers of the tree ${tree.name}`}
                    onClick={() => {
                      toggle(tree.uuid);
                    }}
                  >
                    {opened.has(tree.uuid) ? '▾' : '▸'}
                  </button>
                ) : (
                  <span />
                )}
                <ProviderLink uuid={tree.uuid} name={tree.name} />
              </span>
              {tree.shares && <span class="tag">shares</span>}
              {isFiltered && <Matched tree={tree} />}
            </th>
            {classes.map((name) => {
              const filled = tree.resources[name];
              return (
                <td key={name}>
                  {filled === undefined ? (
                    <span class="faint">-</span>
                  ) : (
                    <Gauge name={name} used={filled.used} capacity={filled.capacity} />
                  )}
                </td>
              );
            })}
            <td class="number">{count(tree.providers)}</td>
            <td class="number">{count(tree.traits)}</td>
            <td class="number">{count(tree.aggregates)}</td>
          </tr>,
          opened.has(tree.uuid) && (
            <tr class="note" key={`${tree.uuid} opened`}>
              <td colSpan={classes.length + 4}>
                <Opened uuid={tree.uuid} />
              </td>
            </tr>
          ),
        ])}
      </Table>
      {failure !== null && <Failed failure={failure} what="the next providers" />}
      {more.next !== null &&
        (trees.length >= MOST_ROWS ? (
          <p class="faint">{count(trees.length)} rows are shown. Narrow the search to see others.</p>
        ) : (
          <button type="button" onClick={() => void readMore(more.next ?? '')}>
            More
          </button>
        ))}
    </>
  );
}

/** The tree below its row. */
function Opened({ uuid }: { readonly uuid: string }) {
  const view = useResponse<ProviderTree>(`/stockroom/providers/${encodeURIComponent(uuid)}`);
  return (
    <div class="below">
      <Shown of={view} what="the tree">
        {({ providers }) => <Tree providers={providers} current={null} />}
      </Shown>
    </div>
  );
}

/** The providers below the root that matched, when it was not the root. */
function Matched({ tree }: { readonly tree: TreeEntry }) {
  const others = tree.matched.filter((name) => name !== tree.name);
  if (others.length === 0) return null;
  return (
    <span class="sub">
      matches{' '}
      {others.slice(0, 3).map((name, index) => (
        <span key={name}>
          {index > 0 && ', '}
          <Name of={name} most={24} />
        </span>
      ))}
      {others.length > 3 && ` and ${count(others.length - 3)} more`}
    </span>
  );
}

const USUAL = ['VCPU', 'PCPU', 'MEMORY_MB', 'DISK_GB'];
const MOST_CLASSES = 4;

/** The class that is asked for, the usual ones, then those that most of the trees have. */
function shownClasses(trees: readonly TreeEntry[], wanted: string): string[] {
  const counts = new Map<string, number>();
  for (const { resources } of trees)
    for (const name of Object.keys(resources)) counts.set(name, (counts.get(name) ?? 0) + 1);
  const rank = (name: string): number =>
    name === wanted ? -1 : USUAL.includes(name) ? USUAL.indexOf(name) : USUAL.length;
  return [...counts]
    .sort(([a, many], [b, others]) => rank(a) - rank(b) || others - many || (a < b ? -1 : 1))
    .slice(0, MOST_CLASSES)
    .map(([name]) => name);
}
