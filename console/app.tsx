import { useEffect, useErrorBoundary, useState } from 'preact/hooks';
import { clock } from './format.js';
import { CapacityPage } from './pages/capacity.js';
import { ChangesPage } from './pages/changes.js';
import { ConsumersPage } from './pages/consumers.js';
import { HealthPage } from './pages/health.js';
import { ListPage } from './pages/list.js';
import { ListsPage } from './pages/lists.js';
import { OverviewPage } from './pages/overview.js';
import { ProviderPage } from './pages/provider.js';
import { ProvidersPage } from './pages/providers.js';
import { WhyPage } from './pages/why.js';
import { NotAllowed } from './parts/page.js';
import { awaySince } from './reachable.js';
import { hrefOf, usePlace, type Place } from './router.js';
import { isAllowed, session, signOut, type Session } from './session.js';
import { SignInDialog, SignInForm } from './sign-in.js';
import { useStore } from './store.js';

interface Entry {
  /** First segment of the path. */
  readonly id: string;
  readonly label: string;
  /** The policy rule of what the page reads first; null when it needs no token. */
  readonly rule: string | null;
}

const ENTRIES: readonly Entry[] = [
  { id: '', label: 'Overview', rule: 'stockroom:overview' },
  { id: 'providers', label: 'Providers', rule: 'stockroom:overview' },
  { id: 'why', label: 'Why?', rule: 'stockroom:explain' },
  { id: 'capacity', label: 'Capacity', rule: 'stockroom:capacity' },
  { id: 'consumers', label: 'Consumers', rule: 'placement:allocations:list' },
  { id: 'changes', label: 'Changes', rule: 'stockroom:changes' },
  { id: 'lists', label: 'Lists', rule: 'stockroom:lists:list' },
  { id: 'health', label: 'Health', rule: null },
];

export function App() {
  const now = useStore(session);
  const place = usePlace();
  const [id = ''] = place.path;
  const entry = ENTRIES.find((one) => one.id === id);
  return (
    <>
      <Header now={now} current={id} />
      <Banners now={now} />
      <main id="main">
        <Content now={now} place={place} entry={entry} key={place.path.join('/')} />
      </main>
      {now.state === 'expired' && <SignInDialog />}
    </>
  );
}

function Header({ now, current }: { readonly now: Session; readonly current: string }) {
  const [isOpen, setOpen] = useState(false);
  const place = usePlace();
  useEffect(() => {
    setOpen(false);
  }, [place.path.join('/')]);
  const offered = ENTRIES.filter(({ rule }) => rule === null || isAllowed(now, rule));
  const { whoami } = now;
  return (
    <header class="top">
      <button type="button" class="skip" onClick={() => document.getElementById('title')?.focus()}>
        Skip to the page
      </button>
      <span class="brand">
        <img src="console/icon.svg" alt="" width="22" height="22" />
        Stockroom
      </span>
      <button
        type="button"
        class="menu"
        aria-expanded={isOpen}
        aria-controls="pages"
        onClick={() => {
          setOpen(!isOpen);
        }}
      >
        Menu
      </button>
      <nav id="pages" aria-label="Pages" class={isOpen ? 'open' : ''}>
        <ul>
          {offered.map(({ id, label }) => (
            <li key={id}>
              <a href={hrefOf(id === '' ? [] : [id])} aria-current={id === current ? 'page' : undefined}>
                {label}
              </a>
            </li>
          ))}
        </ul>
        {whoami !== null && (
          <div class="who">
            <span title={`roles: ${whoami.roles.join(', ') || 'none'}`}>
              <bdi>{whoami.user_id ?? 'no user'}</bdi>
              {whoami.project_id !== null && (
                <span class="faint">
                  {' '}
                  @ <bdi>{whoami.project_id}</bdi>
                </span>
              )}
            </span>
            <button
              type="button"
              onClick={() => {
                signOut();
              }}
            >
              Sign out
            </button>
          </div>
        )}
      </nav>
    </header>
  );
}

/** What concerns every page: a service that is away, a token that ends. */
function Banners({ now }: { readonly now: Session }) {
  const away = useStore(awaySince);
  const expiry = useExpiry(now.whoami?.expires_at ?? null);
  return (
    <div role="status">
      {away !== null && (
        <p class="banner bad">
          The service cannot be reached since {clock(away)}. The page goes on by itself when it is back.
        </p>
      )}
      {expiry !== null && now.state === 'in' && (
        <p class="banner">The token ends at {clock(expiry)}. Then the page asks for a new one.</p>
      )}
    </div>
  );
}

const WARN_MS = 5 * 60_000;

/** When the token ends, as soon as that is near. */
function useExpiry(text: string | null): Date | null {
  const [near, setNear] = useState<Date | null>(null);
  useEffect(() => {
    setNear(null);
    if (text === null) return;
    const end = new Date(text);
    const left = end.getTime() - WARN_MS - Date.now();
    // Longer waits than a timer can hold have no meaning for a token.
    const timer = setTimeout(
      () => {
        setNear(end);
      },
      Math.min(Math.max(left, 0), 2 ** 31 - 1),
    );
    return () => {
      clearTimeout(timer);
    };
  }, [text]);
  return near;
}

interface ContentProps {
  readonly now: Session;
  readonly place: Place;
  readonly entry: Entry | undefined;
}

function Content({ now, place, entry }: ContentProps) {
  const [error] = useErrorBoundary() as [unknown, () => void];
  if (error !== undefined) return <Broken error={error} />;
  if (entry === undefined) return <Message title="No such page">The address names no page of the console.</Message>;
  if (entry.rule === null) return <HealthPage />;
  if (now.state === 'checking')
    return <Message title="Stockroom">Asking whether the token of before is valid…</Message>;
  if (now.state === 'out') {
    return (
      <div class="welcome">
        <h1 id="title" tabIndex={-1}>
          Sign in
        </h1>
        <SignInForm />
      </div>
    );
  }
  if (!isAllowed(now, entry.rule)) {
    return (
      <>
        <h1 id="title" tabIndex={-1}>
          {entry.label}
        </h1>
        <NotAllowed rule={entry.rule} what="this page" />
      </>
    );
  }
  return pageOf(entry.id, place.path[1]);
}

function pageOf(id: string, item: string | undefined) {
  switch (id) {
    case 'providers':
      return item === undefined ? <ProvidersPage /> : <ProviderPage uuid={item} />;
    case 'why':
      return <WhyPage />;
    case 'capacity':
      return <CapacityPage />;
    case 'consumers':
      return <ConsumersPage uuid={item} />;
    case 'changes':
      return <ChangesPage />;
    case 'lists':
      return item === undefined ? <ListsPage /> : <ListPage id={item} />;
    default:
      return <OverviewPage />;
  }
}

function Message({ title, children }: { readonly title: string; readonly children: string }) {
  return (
    <>
      <h1 id="title" tabIndex={-1}>
        {title}
      </h1>
      <p>{children}</p>
    </>
  );
}

function Broken({ error }: { readonly error: unknown }) {
  return (
    <div class="failed" role="alert">
      <h1 id="title">This page failed</h1>
      <p>
        It is a fault of the console: <code>{error instanceof Error ? error.message : String(error)}</code>. The other
        pages work.
      </p>
    </div>
  );
}
