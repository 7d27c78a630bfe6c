import type { Socket } from 'node:net';

/** Who takes connections: a worker. */
export interface Taker {
  /** Answers whether it has taken it; when not, it is gone, and the connection is as it was. */
  take(socket: Socket): Promise<boolean>;
}

/** Gives each connection to one of the takers, in turn. */
export interface HandOut {
  /** While there is nobody to take it, a connection waits. */
  give(socket: Socket): void;
  add(taker: Taker): void;
  remove(taker: Taker): void;
  /** Resolves when no connection waits or is on its way. */
  settled(): Promise<void>;
}

/**
 * Not node:cluster's own, which forgets the connection that is on its way to a worker when that dies: its client would wait
 * for ever (docs/adr/0008). A worker has one on its way at a time, so one that is busy with something long gets none.
 */
export function createHandOut(): HandOut {
  const takers = new Set<Taker>();
  const free: Taker[] = [];
  const waiting: Socket[] = [];
  let underWay = 0;
  let onSettled: (() => void)[] = [];

  function next(): void {
    for (;;) {
      const [taker, socket] = [free[0], waiting[0]];
      if (taker === undefined || socket === undefined) break;
      free.shift();
      waiting.shift();
      void hand(socket, taker);
    }
    if (underWay > 0 || waiting.length > 0) return;
    for (const resolve of onSettled) resolve();
    onSettled = [];
  }

  async function hand(socket: Socket, taker: Taker): Promise<void> {
    underWay++;
    const taken = await taker.take(socket);
    underWay--;
    // Ours is a copy by now.
    if (taken) socket.destroy();
    else waiting.unshift(socket);
    if (taken && takers.has(taker)) free.push(taker);
    next();
  }

  return {
    give(socket) {
      socket.on('error', () => undefined);
      waiting.push(socket);
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
  };
}
