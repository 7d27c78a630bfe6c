import type { Socket } from 'node:net';

/** A receiver of connections: a worker. */
export interface Taker {
  /** Returns whether the worker took the connection. If not, the worker has ended and the connection is unchanged. */
  take(socket: Socket): Promise<boolean>;
}

/** Gives each connection to one of the takers, in turn. */
export interface Distributor {
  /** While no taker is free, a connection waits, and is rejected after {@link LONGEST_WAIT_MS}. */
  give(socket: Socket): void;
  add(taker: Taker): void;
  remove(taker: Taker): void;
  /** Resolves when no connection waits or is on its way. */
  settled(): Promise<void>;
  /** Closes the connections that wait. */
  close(): void;
}

/** Longer than a worker takes to start; a client that waits longer is told to try again. */
const LONGEST_WAIT_MS = 15_000;

interface Waiting {
  readonly socket: Socket;
  /** Of `performance.now()`. */
  readonly arrivedAt: number;
}

/**
 * Not node:cluster's own, which forgets the connection that is on its way to a worker when that dies: its client would wait
 * forever (docs/adr/0008). A worker has one on its way at a time, so one that is busy with something long gets none.
 */
export function createDistributor(reject: (socket: Socket) => void, longestWait = LONGEST_WAIT_MS): Distributor {
  const takers = new Set<Taker>();
  const free: Taker[] = [];
  const waiting: Waiting[] = [];
  let underWay = 0;
  let onSettled: (() => void)[] = [];

  function next(): void {
    for (;;) {
      const [taker, first] = [free[0], waiting[0]];
      if (taker === undefined || first === undefined) break;
      free.shift();
      waiting.shift();
      void handOver(first, taker);
    }
    if (underWay > 0 || waiting.length > 0) return;
    for (const resolve of onSettled) resolve();
    onSettled = [];
  }

  async function handOver(one: Waiting, taker: Taker): Promise<void> {
    underWay++;
    const taken = await taker.take(one.socket);
    underWay--;
    // Ours is a copy by now.
    if (taken) one.socket.destroy();
    else waiting.unshift(one);
    if (taken && takers.has(taker)) free.push(taker);
    next();
  }

  function rejectLate(): void {
    const before = performance.now() - longestWait;
    while (waiting[0] !== undefined && waiting[0].arrivedAt < before) reject((waiting.shift() as Waiting).socket);
    next();
  }
  const rounds = setInterval(rejectLate, Math.min(longestWait / 2, 1000)).unref();

  return {
    give(socket) {
      socket.on('error', () => undefined);
      waiting.push({ socket, arrivedAt: performance.now() });
      next();
    },
    add(taker) {
      takers.add(taker);
      free.push(taker);
      next();
    },
    remove(taker) {
      takers.delete(taker);
      if (free.includes(taker)) free.splice(free.indexOf(taker), 1);
    },
    settled: () =>
      new Promise((resolve) => {
        onSettled.push(resolve);
        next();
      }),
    close() {
      clearInterval(rounds);
      for (const { socket } of waiting.splice(0)) socket.destroy();
      next();
    },
  };
}
