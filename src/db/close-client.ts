import type pg from 'pg';

/** Closes the socket without a goodbye: the server may not be there. */
export function destroyClient(client: pg.ClientBase): void {
  // The driver declares it for one kind of client only.
  (client as unknown as Pick<pg.Client, 'connection'>).connection.stream.destroy();
}

const PATIENCE_MS = 500;

/** Says goodbye, and leaves when no response comes: on a half-open connection that would take for ever. */
export async function closeClient(client: pg.Client): Promise<void> {
  const impatience = setTimeout(() => {
    destroyClient(client);
  }, PATIENCE_MS);
  await client.end().catch(() => undefined);
  clearTimeout(impatience);
}
