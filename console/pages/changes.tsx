import { useEffect, useState } from 'preact/hooks';
import { Failure } from '../api.js';
import type { Change, ChangesPage as PageOfChanges } from '../documents.js';
import { cursorOfNow, follow } from '../follow.js';
import { count, counted } from '../format.js';
import { Empty, Field } from '../parts/bits.js';
import { ChangeLines } from '../parts/change-lines.js';
import { Failed, Page, Shown } from '../parts/page.js';
import { go, hrefOf, usePlace } from '../router.js';
import { expire, messageOf, session } from '../session.js';
import { askOnce, useResponse } from '../use-response.js';

const FILTERS = ['kind', 'provider', 'consumer', 'request'] as const;
type Filters = Readonly<Record<(typeof FILTERS)[number], string>>;

const KINDS = ['allocations', 'consumer', 'inventory', 'provider', 'traits', 'aggregates', 'resource_class', 'trait'];
const PAGE = 50;
/** More of them would only fill the memory of the tab. */
const MOST = 1000;

/** What changed, when, by whom, from which request; the newest first. */
export function ChangesPage() {
  const { query } = usePlace();
  const parameters = new URLSearchParams(query);
  const filters = Object.fromEntries(FILTERS.map((name) => [name, parameters.get(name) ?? ''])) as Filters;
  const filter = filterOf(filters);
  const view = useResponse<PageOfChanges>(`/stockroom/changes?order=newest&limit=${PAGE}${filter}`);
  const isOff = view.failure?.status === 404;
  return (
    <Page title="Changes" views={[view]}>
      <FilterForm key={filter} filters={filters} />
      {isOff ? (
        <Empty>
          {view.failure.message} On the machine of the service: <code>stockroom history enable</code>
        </Empty>
      ) : (
        <Shown of={view} what="the changes">
          {(newest) => <Stream key={filter} newest={newest} filter={filter} />}
        </Shown>
      )}
    </Page>
  );
}

function filterOf(filters: Filters): string {
  return FILTERS.filter((name) => filters[name] !== '')
    .map((name) => `&${name}=${encodeURIComponent(filters[name])}`)
    .join('');
}

function FilterForm({ filters }: { readonly filters: Filters }) {
  const [draft, setDraft] = useState(filters);
  const show = (next: Filters): void => {
    go(hrefOf(['changes'], next));
  };
  const text = (name: keyof Filters, label: string) => (
    <Field label={label}>
      <input
        value={draft[name]}
        spellcheck={false}
        autocapitalize="off"
        onInput={({ currentTarget }) => {
          setDraft({ ...draft, [name]: currentTarget.value.trim() });
        }}
      />
    </Field>
  );
  const isFiltered = FILTERS.some((name) => filters[name] !== '');
  return (
    <form
      class="filters"
      role="search"
      aria-label="Filter changes"
      onSubmit={(event) => {
        event.preventDefault();
        show(draft);
      }}
    >
      <Field label="Kind">
        <select
          value={draft.kind}
          onChange={({ currentTarget }) => {
            show({ ...draft, kind: currentTarget.value });
          }}
        >
          <option value="">all</option>
          {KINDS.map((kind) => (
            <option key={kind} value={kind}>
              {kind.replaceAll('_', ' ')}
            </option>
          ))}
        </select>
      </Field>
      {text('provider', 'Provider uuid')}
      {text('consumer', 'Consumer uuid')}
      {text('request', 'Request id')}
      <button type="submit">Filter</button>
      {isFiltered && <a href={hrefOf(['changes'])}>all changes</a>}
    </form>
  );
}

interface StreamProps {
  readonly newest: PageOfChanges;
  readonly filter: string;
}

function Stream({ newest, filter }: StreamProps) {
  const [fresh, setFresh] = useState<readonly Change[]>([]);
  const [older, setOlder] = useState<PageOfChanges | null>(null);
  const [isFollowing, setFollowing] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [hasGap, setGap] = useState(false);

  useEffect(() => {
    if (!isFollowing) return;
    const leaving = new AbortController();
    const { signal } = leaving;
    const onTrouble = (trouble: unknown): void => {
      if (signal.aborted) return;
      const known = trouble instanceof Failure ? trouble : new Failure(0, messageOf(trouble));
      if (known.status === 401) expire(session.get().token);
      setFailure(trouble === null ? null : known);
    };
    const start = async (): Promise<void> => {
      const cursor = await cursorOfNow(signal);
      // What came between the page and this moment.
      const missed = await askOnce<PageOfChanges>(`/stockroom/changes?order=newest&limit=${PAGE}${filter}`);
      setFresh((known) => added(known, [...missed.changes].reverse()));
      await follow(cursor, filter, {
        signal,
        onTrouble,
        onGap: () => {
          setGap(true);
        },
        onChanges: (changes) => {
          setFresh((known) => added(known, changes));
        },
      });
    };
    start().catch(onTrouble);
    return () => {
      leaving.abort();
    };
  }, [isFollowing, filter]);

  const shown = unique([...fresh, ...newest.changes, ...(older?.changes ?? [])]);
  const last = older ?? newest;
  const hasOlder = older === null ? newest.changes.length === PAGE : older.more;

  async function readOlder(): Promise<void> {
    setFailure(null);
    try {
      const page = await askOnce<PageOfChanges>(
        `/stockroom/changes?order=newest&limit=${PAGE}&before=${encodeURIComponent(last.next)}${filter}`,
      );
      const more = page.more || page.changes.length === PAGE;
      setOlder({ ...page, more, changes: [...(older?.changes ?? []), ...page.changes] });
    } catch (error) {
      setFailure(error instanceof Failure ? error : new Failure(0, messageOf(error)));
    }
  }

  const isNew = fresh.filter(({ cursor }) => !newest.changes.some((one) => one.cursor === cursor)).length;
  return (
    <>
      <div class="follow">
        <label class="check">
          <input
            type="checkbox"
            checked={isFollowing}
            onChange={({ currentTarget }) => {
              setFollowing(currentTarget.checked);
            }}
          />
          follow
        </label>
        <span role="status" class="faint">
          {isFollowing
            ? isNew === 0
              ? 'Waiting for changes.'
              : `${counted(isNew, 'new change')} since the page was read.`
            : ''}
        </span>
      </div>
      {hasGap && (
        <p class="hint">
          The history is not the one of before: changes may be missing here. What comes from now on is complete.
        </p>
      )}
      {failure !== null && <Failed failure={failure} what="the changes" isStale />}
      {shown.length === 0 ? (
        <Empty>No change is recorded{filter === '' ? '' : ' for this filter'}.</Empty>
      ) : (
        <ChangeLines changes={shown} />
      )}
      {hasOlder &&
        (shown.length >= MOST ? (
          <p class="faint">{count(shown.length)} changes are shown. Filter to see older ones.</p>
        ) : (
          <button type="button" onClick={() => void readOlder()}>
            Older
          </button>
        ))}
    </>
  );
}

/** The newest first; changes come the oldest first, and some again. */
function added(known: readonly Change[], changes: readonly Change[]): readonly Change[] {
  return unique([...[...changes].reverse(), ...known]).slice(0, MOST);
}

function unique(changes: readonly Change[]): Change[] {
  return [...new Map(changes.map((change) => [change.cursor, change])).values()];
}
