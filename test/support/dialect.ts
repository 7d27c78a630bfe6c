import dns from 'node:dns';
import type { AddressInfo } from 'node:net';
import pino from 'pino';
import type { Config } from '../../src/config.js';
import { createServer } from '../../src/http/server.js';
import { DOMAIN } from './inventory-sdks.js';
import { startTestService, type TestService } from './service.js';

/** A test service with its S3 dialect behind a real socket. */
export interface TestDialect {
  readonly test: TestService;
  readonly port: number;
  readonly url: string;
  close(): Promise<void>;
}

export async function startTestDialect(
  config: Partial<Config> = {},
  onLog?: (line: string) => void,
  databaseUrl?: string,
): Promise<TestDialect> {
  // The number only says that there is to be a listener: the test has its own.
  const test = await startTestService({
    config: { listsS3Port: 1, listsS3Domain: DOMAIN, ...config },
    ...(onLog === undefined ? {} : { log: pino({ level: 'trace' }, { write: onLog }) }),
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
  });
  const server = createServer(test.service.dialect!);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    test,
    port,
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await test.close();
    },
  };
}

/** Names below {@link DOMAIN} lead to this machine until the returned function is called. */
export function resolveDomain(): () => void {
  const lookup = dns.lookup;
  const patched = (name: string, ...rest: unknown[]): void => {
    const here = name.endsWith(`.${DOMAIN}`) ? '127.0.0.1' : name;
    (lookup as unknown as (...args: unknown[]) => void)(here, ...rest);
  };
  dns.lookup = Object.assign(patched, { __promisify__: lookup.__promisify__ });
  return () => {
    dns.lookup = lookup;
  };
}
