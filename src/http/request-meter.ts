/** Counts every request, for the metrics. */
export interface HttpMeter {
  /** A request has come; one call of a {@link PathMeter} will follow. */
  begin(): void;
  /** For a path of the route table; to be asked for once, at start. */
  at(path: string): PathMeter;
  /** For requests of a path that is not in the table, or that were rejected before it was looked up. */
  readonly elsewhere: PathMeter;
}

/** The request has its response. Methods are whatever a client sent. */
export type PathMeter = (method: string, status: number, seconds: number) => void;
