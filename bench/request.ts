/** What a scenario sends. */
export interface Request {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** The microversion; 1.39 unless given. */
  readonly version?: string;
}
