import type pg from 'pg';

/** Without a goodbye: the server may not be there. */
export function cut(client: pg.ClientBase): void {
  // The driver declares it for one kind of client only.
  (client as unknown as Pick<pg.Client, 'connection'>).connection.stream.destroy();
}

const PATIENCE_MS = 500;

/** Says goodbye, and leaves when no response comes: on a half-open connection that would take for ever. */
export async function hangUp(client: pg.Client): Promise<void> {
  const impatience = setTimeout(() => {
    cut(client);
  }, PATIENCE_MS);
  await client.end().catch(() => undefined);
  clearTimeout(impatience);
}
