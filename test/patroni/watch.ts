import pg from 'pg';
import { setTimeout } from 'node:timers/promises';
import { PASSWORD, type Node } from './nodes.js';

/** Which node accepts writes, found out by writing on each, over and over. */
export interface Watch {
  /** When a node began to accept writes after no node or another one had, by `performance.now()`. */
  readonly promotions: readonly { readonly node: string; readonly time: number }[];
  stop(): Promise<void>;
}

const EVERY_MS = 50;
const DEADLINE_MS = 500;
/** A node that did not accept writes for so long begins again. */
const GAP_MS = 700;

export function watchWrites(nodes: readonly Node[]): Watch {
  const promotions: { node: string; time: number }[] = [];
  let running = true;
  let last = { node: '', time: -Infinity };

  async function watch({ name, address }: Node): Promise<void> {
    let client: pg.Client | null = null;
    while (running) {
      try {
        client ??= await connectTo(address);
        // Not for a standby's sake: the node accepts it.
        await client.query('set synchronous_commit = local; update probe set n = n + 1');
        const time = performance.now();
        if (last.node !== name || time - last.time > GAP_MS) promotions.push({ node: name, time });
        last = { node: name, time };
      } catch {
        client?.end().catch(() => undefined);
        client = null;
      }
      await setTimeout(EVERY_MS);
    }
    await client?.end().catch(() => undefined);
  }

  const all = Promise.all(nodes.map(watch));
  return {
    promotions,
    async stop() {
      running = false;
      await all;
    },
  };
}

async function connectTo(host: string): Promise<pg.Client> {
  const client = new pg.Client({
    ...{ host, user: 'postgres', password: PASSWORD, database: 'probe' },
    ...{ connectionTimeoutMillis: DEADLINE_MS, query_timeout: DEADLINE_MS },
  });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
