/** Is told of every request, for the metrics. */
export interface HttpMeter {
  /** A request has come; one call of a {@link PathMeter} will follow. */
  begin(): void;
  /** For a path of the route table; to be asked for once, at start. */
  at(path: string): PathMeter;
  /** For requests that came to no path of the table, or were refused before it was looked up. */
  readonly elsewhere: PathMeter;
}

/** The request was answered. Methods are whatever a client sent. */
export type PathMeter = (method: string, status: number, seconds: number) => void;
