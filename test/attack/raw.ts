import net from 'node:net';
import { setTimeout } from 'node:timers/promises';

/** What came back on one connection until it was closed. */
export interface Heard {
  /** The first 64 kB of it. */
  readonly text: string;
  /** Statuses of the responses in `text`. */
  readonly statuses: readonly number[];
  /** The server has closed the connection before the client gave up. */
  readonly closed: boolean;
}

export interface Manner {
  /** How long to wait without a byte from the server before giving up, in milliseconds. */
  readonly patience?: number;
  /** Between two pieces, in milliseconds. */
  readonly pause?: number;
  /** Reads nothing until the patience is over. */
  readonly deaf?: boolean;
  readonly over?: AbortSignal;
}

const MOST_TEXT = 65_536;

/** Sends pieces on a connection of its own, one after the other, and listens until the server closes or patience ends. */
export async function talk(
  url: string,
  pieces: Iterable<Buffer>,
  { patience = 300, pause = 5, deaf = false, over = new AbortController().signal }: Manner = {},
): Promise<Heard> {
  const { hostname, port } = new URL(url);
  const socket = net.connect({ host: hostname, port: Number(port), noDelay: true });
  let [text, heardAt, closed] = ['', performance.now(), false];
  if (deaf) socket.pause();
  socket.on('data', (bytes) => {
    if (text.length < MOST_TEXT) text += bytes.toString('latin1');
    heardAt = performance.now();
  });
  // The server may reset the connection while pieces are sent.
  socket.on('error', () => (closed = true));
  const end = new Promise<void>((resolve) => socket.on('close', resolve));
  socket.on('end', () => (closed = true));
  for (const piece of pieces) {
    if (!socket.writable || over.aborted) break;
    socket.write(piece);
    await setTimeout(pause, undefined, { ref: false });
  }
  heardAt = Math.max(heardAt, performance.now() - patience / 2);
  while (!socket.destroyed && performance.now() - heardAt < patience && !over.aborted) {
    await Promise.race([end, setTimeout(20, undefined, { ref: false })]);
  }
  socket.resume().end();
  await Promise.race([end, setTimeout(2000, undefined, { ref: false })]);
  socket.destroy();
  return { text, statuses: [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status)), closed };
}

/** What happened, in a word. */
export function inAWord({ statuses, closed }: Heard): string {
  return statuses.at(-1)?.toString() ?? (closed ? 'closed' : 'no response');
}

/** Runs an attempt for each item, so many at a time. */
export async function each<T>(items: Iterable<T>, atOnce: number, attempt: (item: T) => Promise<void>): Promise<void> {
  const rest = items[Symbol.iterator]();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let next = rest.next(); next.done !== true; next = rest.next()) await attempt(next.value);
    }),
  );
}
