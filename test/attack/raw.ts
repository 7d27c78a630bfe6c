import net from 'node:net';
import { setTimeout } from 'node:timers/promises';

/** What came back on one connection until it was closed. */
export interface Heard {
  readonly text: string;
  /** Statuses of the responses in `text`. */
  readonly statuses: readonly number[];
  /** The server has closed the connection before the client gave up. */
  readonly closed: boolean;
}

/**
 * Sends pieces on a connection of its own, one after the other, and ends its side when `patience` milliseconds have passed
 * without a byte from the server.
 */
export async function talk(url: string, pieces: readonly Buffer[], patience = 300): Promise<Heard> {
  const { hostname, port } = new URL(url);
  const socket = net.connect({ host: hostname, port: Number(port), noDelay: true });
  let [text, heardAt, closed] = ['', performance.now(), false];
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1');
    heardAt = performance.now();
  });
  // The server may reset the connection while pieces are sent.
  socket.on('error', () => undefined);
  const end = new Promise<void>((resolve) => socket.on('close', resolve));
  socket.on('end', () => (closed = true));
  for (const piece of pieces) {
    if (!socket.writable) break;
    socket.write(piece);
    await setTimeout(5);
  }
  while (!socket.destroyed && performance.now() - heardAt < patience) {
    await Promise.race([end, setTimeout(20, undefined, { ref: false })]);
  }
  socket.end();
  await Promise.race([end, setTimeout(2000, undefined, { ref: false })]);
  socket.destroy();
  return { text, statuses: [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status)), closed };
}

/** Runs an attempt for each item, so many at a time. */
export async function each<T>(items: readonly T[], atOnce: number, attempt: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const item of rest) await attempt(item);
    }),
  );
}
