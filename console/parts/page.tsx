import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { curlOf, type Failure } from '../api.js';
import { clock } from '../format.js';
import { isRepeating, refresh } from '../refresh.js';
import { session } from '../session.js';
import { useStore } from '../store.js';
import type { View } from '../use-response.js';
import { copy } from './bits.js';

export interface PageProps {
  readonly title: string;
  /** Beside the title. */
  readonly aside?: ComponentChildren;
  /** What the page shows: its age, and its requests to copy. */
  readonly views: readonly View<unknown>[];
  readonly children: ComponentChildren;
}

// The browser has the focus where it belongs when the first page is shown.
let isFirst = true;

/** Title, age, refreshing and requests of a page, and what it shows. */
export function Page({ title, aside, views, children }: PageProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} - Stockroom`;
  }, [title]);
  // Before the page is painted: a key that is pressed as soon as the heading is seen goes to the new page.
  useLayoutEffect(() => {
    if (!isFirst) heading.current?.focus();
    isFirst = false;
  }, []);
  const ages = views.flatMap(({ at }) => (at === null ? [] : [at.getTime()]));
  const asked = views.flatMap(({ path, version }) => (path === null ? [] : [curlOf(path, version)]));
  return (
    <>
      <div class="page-head">
        <h1 ref={heading} id="title" tabIndex={-1}>
          {title}
        </h1>
        {aside}
        <div class="tools">
          {ages.length > 0 && <span class="faint">as of {clock(new Date(Math.min(...ages)))}</span>}
          <button type="button" onClick={refresh}>
            Refresh
          </button>
          <Repeat />
          {asked.length > 0 && <AsRequest commands={asked} />}
        </div>
      </div>
      {children}
    </>
  );
}

function Repeat() {
  const repeating = useStore(isRepeating);
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={repeating}
        onChange={({ currentTarget }) => {
          isRepeating.set(currentTarget.checked);
        }}
      />
      every 10 s
    </label>
  );
}

/** The commands that get what is seen. They are copied, and shown for those who may not copy. */
function AsRequest({ commands }: { readonly commands: readonly string[] }) {
  const [said, say] = useState<string | null>(null);
  const text = commands.join('\n');
  return (
    <>
      <button
        type="button"
        aria-expanded={said !== null}
        onClick={() => {
          if (said === null) void copy(text).then(say);
          else say(null);
        }}
      >
        As request
      </button>
      {said !== null && (
        <div class="request">
          <p role="status">{said}</p>
          <pre tabIndex={0} aria-label="The request">
            {text}
          </pre>
          <p class="faint">The shell variable OS_TOKEN holds the token.</p>
        </div>
      )}
    </>
  );
}

export interface ShownProps<Body> {
  readonly of: View<Body>;
  /** What is being read, for the states without it: `the overview`. */
  readonly what: string;
  readonly children: (body: Body) => ComponentChildren;
}

/** One of the states of a view: loading, failed, not allowed, or there. */
export function Shown<Body>({ of: view, what, children }: ShownProps<Body>) {
  const { body, failure, isLoading } = view;
  return (
    <>
      {failure !== null && <Failed failure={failure} what={what} isStale={body !== null} />}
      {body === null && failure === null && isLoading && <p class="loading">Reading {what}…</p>}
      {body !== null && (
        <div class="shown" aria-busy={isLoading}>
          {children(body)}
        </div>
      )}
    </>
  );
}

export function Failed({
  failure,
  what,
  isStale = false,
}: {
  readonly failure: Failure;
  readonly what: string;
  readonly isStale?: boolean;
}) {
  const { status, message, requestId, rule } = failure;
  // The form to sign in is over the page.
  if (status === 401) return null;
  if (status === 403) return <NotAllowed rule={rule} what={what} />;
  return (
    <div class="failed" role="alert">
      <p>
        <strong>{isStale ? `This is what was known of ${what} before:` : `There was no way to read ${what}:`}</strong>{' '}
        {message}
      </p>
      <p>
        {requestId !== null && (
          <span class="faint">
            status {status}, request <code>{requestId}</code>
          </span>
        )}{' '}
        <button type="button" onClick={refresh}>
          Try again
        </button>
      </p>
    </div>
  );
}

export function NotAllowed({ rule, what }: { readonly rule: string | null; readonly what: string }) {
  const { whoami } = useStore(session);
  return (
    <div class="not-allowed">
      <p>
        <strong>You may not see {what}.</strong>{' '}
        {rule !== null && (
          <>
            The policy rule <code>{rule}</code> does not allow it
            {whoami !== null && <> to the roles of this token ({whoami.roles.join(', ') || 'none'})</>}.
          </>
        )}
      </p>
    </div>
  );
}
