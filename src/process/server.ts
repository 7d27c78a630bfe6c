import type { Socket } from 'node:net';
import type { Config } from '../config.js';
import type { AdminParts } from '../ops/admin.js';

/** Serves connections: in this process, or by workers. */
export interface Server {
  /** Takes a connection over. */
  receive(socket: Socket): void;
  /**
   * Goes over to another configuration without losing a request.
   *
   * @throws when that cannot be done; the old one is in force then
   */
  reload(config: Config): Promise<void>;
  /** The server is about to end. It is not ready any more, and asks clients to close their connections. */
  announce(): void;
  /**
   * Finishes the requests that have begun.
   *
   * @param deadline milliseconds after which connections are cut
   */
  end(deadline: number, hurry: AbortSignal): Promise<void>;
  /**
   * Whether a worker is able to serve: false when no worker responds in time. A worker that has not responded for
   * `patience` milliseconds is killed, so that another takes its place.
   */
  alive(patience: number): Promise<boolean>;
  /** What the admin listener shows. */
  readonly admin: AdminParts;
  /** Rejects when the server cannot go on. */
  readonly failed: Promise<never>;
}
