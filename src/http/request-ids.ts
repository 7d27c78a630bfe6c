/** Longer texts are no ids: with noauth2 the user's name is the token, which may be a real one. */
export function shownId(value: string | null): string | undefined {
  return value === null ? undefined : value.length <= 64 ? value : '(too long for an id)';
}

/** The id that a caller gives all requests of one operation. Whatever else is in that header is not repeated. */
export function globalRequestId(header: string | string[] | undefined): string | undefined {
  if (typeof header !== 'string') return undefined;
  return /^req-[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(header) ? header : undefined;
}
