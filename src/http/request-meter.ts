/** Counts every request, for the metrics. */
export interface HttpMeter {
  /** The pipeline calls it when a request comes. One call of a {@link PathMeter} follows. */
  begin(): void;
  /** Returns the meter of a path of the route table. The caller asks for it once, at the start. */
  at(path: string): PathMeter;
  /** The meter of requests whose path is not in the table, or that were rejected before the pipeline looked up the path. */
  readonly elsewhere: PathMeter;
}

/** Counts a request whose response was sent. @param method any text that a client sent */
export type PathMeter = (method: string, status: number, seconds: number) => void;
