import net from 'node:net';

/**
 * Ports for listeners that are started later, or again. They lie below those that the system gives to clients: a connection of any
 * client could take a port of theirs while no process listens on it. Each process that runs tests has a part of its own.
 */
const FIRST = 20_000;
const PER_PROCESS = 5000;
const first = FIRST + PER_PROCESS * (Number(process.env['MOCHA_WORKER_ID'] ?? 0) % 2);
let next = Math.floor(Math.random() * PER_PROCESS);

/** The first of so many free ports in a row. The same port comes again only after all others. */
export async function freePorts(count: number): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (next + count > PER_PROCESS) next = 0;
    const found = first + next;
    next += count;
    const free = await Promise.all(Array.from({ length: count }, (_, index) => isFree(found + index)));
    if (free.every((one) => one)) return found;
  }
  throw new Error(`there are no ${count} free ports in a row`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => {
      resolve(false);
    });
    server.listen(port, '127.0.0.1', () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}
