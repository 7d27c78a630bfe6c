/** Hides texts that are too long for an id. With noauth2 the token is the name of the user, and a client may send a real token. */
export function shownId(value: string | null): string | undefined {
  return value === null ? undefined : value.length <= 64 ? value : '(too long for an id)';
}

/** Returns the id that a caller gives all requests of one operation. Returns undefined for any other text in that header. */
export function globalRequestId(header: string | string[] | undefined): string | undefined {
  if (typeof header !== 'string') return undefined;
  return /^req-[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(header) ? header : undefined;
}
