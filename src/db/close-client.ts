import type pg from 'pg';

/** Closes the socket without a terminate message: the server may be away. */
export function destroyClient(client: pg.ClientBase): void {
  // The driver declares `connection` for one kind of client only.
  (client as unknown as Pick<pg.Client, 'connection'>).connection.stream.destroy();
}

const PATIENCE_MS = 500;

/** Ends the session, and closes the socket when the server does not respond: on a half-open connection `end` never resolves. */
export async function closeClient(client: pg.Client): Promise<void> {
  const impatience = setTimeout(() => {
    destroyClient(client);
  }, PATIENCE_MS);
  await client.end().catch(() => undefined);
  clearTimeout(impatience);
}
