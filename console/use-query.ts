import { useEffect, useState } from 'preact/hooks';
import { refresh } from './refresh.js';
import { addressed, go, hrefWithQuery, replace, usePlace } from './router.js';

/** The query that a page is about: what is written, and what was asked. Both are in the address. */
export interface QueryState {
  readonly text: string;
  readonly version: string;
  /** Null before the first. */
  readonly asked: { readonly text: string; readonly version: string | undefined } | null;
  readonly edit: (text: string, version: string) => void;
  /** Asks what is written, or something else. */
  readonly ask: (text?: string, version?: string) => void;
}

/** The name of the parameter is the console's own; the service reads a header. */
const VERSION = 'microversion';

export function useQuery(page: string): QueryState {
  const { query } = usePlace();
  const written = split(query);
  const [asked, setAsked] = useState(written.text === '' ? null : written);
  const [edited, setEdited] = useState(query);

  // The reader went back, or followed a link to another query.
  useEffect(() => {
    if (query === edited) return;
    setEdited(query);
    setAsked(written.text === '' ? null : written);
  }, [query]);

  function edit(text: string, version: string): void {
    replace(hrefWithQuery([page], join(text, version)));
    setEdited(addressed().query);
  }

  function ask(text = written.text, version = written.version): void {
    const next = { text: text.trim(), version };
    if (next.text === '') return;
    const same = asked !== null && asked.text === next.text && asked.version === next.version;
    setAsked(next);
    if (same) refresh();
    else go(hrefWithQuery([page], join(next.text, version)));
    setEdited(addressed().query);
  }

  const version = asked?.version ?? '';
  return {
    text: written.text,
    version: written.version,
    asked: asked === null ? null : { text: queryOf(asked.text), version: version === '' ? undefined : version },
    edit,
    ask,
  };
}

function split(query: string): { readonly text: string; readonly version: string } {
  const parts = query.split('&');
  const [own] = parts.filter((part) => part.startsWith(`${VERSION}=`));
  return {
    text: unescaped(parts.filter((part) => part !== own).join('&')),
    version: own === undefined ? '' : decodeURIComponent(own.slice(VERSION.length + 1)),
  };
}

function join(text: string, version: string): string {
  const safe = text.replace(/[#\s]|%(?![0-9A-Fa-f]{2})/g, encodeURIComponent);
  return version === '' ? safe : `${safe}${safe === '' ? '' : '&'}${VERSION}=${encodeURIComponent(version)}`;
}

/** Browsers encode some signs of a fragment; blanks are shown as such. */
function unescaped(text: string): string {
  return text.replaceAll('%20', ' ');
}

/** The query string of what may be a whole path. */
function queryOf(text: string): string {
  const question = text.indexOf('?');
  return question < 0 ? text : text.slice(question + 1);
}
