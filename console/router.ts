import { createStore, useStore } from './store.js';

/** Where the reader is. All of it is in the fragment of the address, which no server sees. */
export interface Place {
  /** Decoded segments of the path: `['providers', UUID]`. */
  readonly path: readonly string[];
  /** After the question mark, as it is written. */
  readonly query: string;
}

const place = createStore<Place>(read());

addEventListener('hashchange', () => {
  place.set(read());
});

function read(): Place {
  const [path = '', ...query] = location.hash.replace(/^#/, '').split('?');
  return {
    path: path.split('/').filter(Boolean).map(decode),
    query: query.join('?'),
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function usePlace(): Place {
  return useStore(place);
}

/** What the address says now; the page is told a moment later. */
export function addressed(): Place {
  return read();
}

/** The fragment of a page. Parameters that are empty are left out. */
export function hrefOf(path: readonly string[], parameters: Readonly<Record<string, string | null>> = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== null && value !== '') query.append(name, value);
  return hrefWithQuery(path, query.toString());
}

export function hrefWithQuery(path: readonly string[], query: string): string {
  return `#/${path.map(encodeURIComponent).join('/')}${query === '' ? '' : `?${query}`}`;
}

/** Goes to a page, with a new entry in the browser's history. */
export function go(href: string): void {
  location.hash = href;
}

/** Changes the address of the page that is shown; the way back does not stop here. */
export function replace(href: string): void {
  history.replaceState(null, '', href);
  place.set(read());
}
