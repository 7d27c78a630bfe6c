import { useEffect, useRef, useState } from 'preact/hooks';
import { Failure } from './api.js';
import type { Readiness } from './documents.js';
import { Field } from './parts/bits.js';
import { readinessOf } from './readiness.js';
import { logIn, messageOf, session, signIn, signOut } from './session.js';
import { useStore } from './store.js';
import { useResponse } from './use-response.js';

type Way = 'token' | 'password' | 'credential';

const WAYS: readonly (readonly [Way, string])[] = [
  ['token', 'Token'],
  ['password', 'Name and password'],
  ['credential', 'Application credential'],
];

/** The form with which a user signs in. */
export function SignInForm() {
  const { notice } = useStore(session);
  const [way, setWay] = useState<Way>('token');
  const [failure, setFailure] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const readiness = readinessOf(useResponse<Readiness>('/readyz'));
  const strategy = readiness === null ? null : readiness.keystone === undefined ? 'noauth2' : 'keystone';

  async function submit(form: HTMLFormElement): Promise<void> {
    const given = new FormData(form);
    const value = (name: string): string => {
      const text = given.get(name);
      return typeof text === 'string' ? text.trim() : '';
    };
    setBusy(true);
    setFailure(null);
    try {
      if (way === 'token') await signIn(value('token'));
      else await logIn(documentOf(way, value));
    } catch (error) {
      const isInvalid = way === 'token' && error instanceof Failure && error.status === 401;
      setFailure(isInvalid ? 'The service does not accept this token.' : messageOf(error));
      setBusy(false);
    }
  }

  return (
    <form
      class="sign-in"
      onSubmit={(event) => {
        event.preventDefault();
        void submit(event.currentTarget);
      }}
    >
      {notice !== null && <p role="status">{notice}</p>}
      {readiness?.keystone?.login === true && (
        <div class="ways" role="group" aria-label="Sign in with">
          {WAYS.map(([id, label]) => (
            <button
              key={id}
              type="button"
              aria-pressed={way === id}
              onClick={() => {
                setWay(id);
              }}
            >
              {label}
            </button>
          ))}
        </div>
      )}
      {way === 'token' && <TokenField strategy={strategy} />}
      {way === 'password' && (
        <>
          <Text name="user" label="User" complete="username" />
          <Text name="user-domain" label="Domain of the user" standard="Default" />
          <Text name="password" label="Password" complete="current-password" secret />
          <Text name="project" label="Project" />
          <Text name="project-domain" label="Domain of the project" standard="Default" />
        </>
      )}
      {way === 'credential' && (
        <>
          <Text name="id" label="Id of the credential" />
          <Text name="secret" label="Secret" secret />
        </>
      )}
      <p class="bad" role="alert">
        {failure}
      </p>
      <button type="submit" class="main" disabled={isBusy}>
        Sign in
      </button>
      <p class="faint">The token stays in this tab. It is forgotten when you sign out or close the tab.</p>
    </form>
  );
}

function TokenField({ strategy }: { readonly strategy: 'noauth2' | 'keystone' | null }) {
  return (
    <>
      <Text name="token" label="Token" secret />
      {strategy === 'noauth2' && (
        <p class="hint">
          This service believes what it is told (<code>noauth2</code>): any word is a token, <code>admin</code> has all
          rights.
        </p>
      )}
      {strategy === 'keystone' && (
        <p class="hint">
          A command prints one: <code>openstack token issue -f value -c id</code>
        </p>
      )}
    </>
  );
}

interface TextProps {
  readonly name: string;
  readonly label: string;
  readonly standard?: string;
  readonly complete?: string;
  readonly secret?: boolean;
}

function Text({ name, label, standard = '', complete = 'off', secret = false }: TextProps) {
  return (
    <Field label={label}>
      <input
        name={name}
        type={secret ? 'password' : 'text'}
        defaultValue={standard}
        autocomplete={complete}
        autocapitalize="off"
        spellcheck={false}
        required
      />
    </Field>
  );
}

function documentOf(way: 'password' | 'credential', value: (name: string) => string): object {
  if (way === 'credential') return { application_credential: { id: value('id'), secret: value('secret') } };
  return {
    user: { name: value('user'), domain: value('user-domain'), password: value('password') },
    project: { name: value('project'), domain: value('project-domain') },
  };
}

/** Over the page whose request was rejected. */
export function SignInDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => shown?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby="sign-in-again"
      onCancel={(event) => {
        event.preventDefault();
      }}
    >
      <h2 id="sign-in-again">Sign in again</h2>
      <SignInForm />
      <button
        type="button"
        class="quiet"
        onClick={() => {
          signOut();
        }}
      >
        Sign out
      </button>
    </dialog>
  );
}
