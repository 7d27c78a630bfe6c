import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Express } from 'express';
import { composeService } from './compose.js';
import { migrateDatabase } from './db/migrate.js';
import { defaultConfig } from './config.js';
import { didYouMean } from './config/did-you-mean.js';
import { startEmbedded } from './db/embedded.js';
import { createLog } from './ops/log.js';

export interface ServiceOptions {
  /** URL of a PostgreSQL (14 or newer) to use. Without it an embedded one is started. */
  readonly connection?: string;
  /** Folder of the embedded PostgreSQL. Without it, the service uses a temporary one, which `close` removes. */
  readonly dataDir?: string;
  /** 'silent' unless given. */
  readonly logLevel?: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'silent';
}

const SERVICE_OPTIONS: readonly string[] = ['connection', 'dataDir', 'logLevel'] satisfies (keyof ServiceOptions)[];

export interface EmbeddedService {
  /** An Express application: `supertest(app)`, `app.listen(port)`, or `yours.use('/placement', app)`. */
  readonly app: Express;
  /** Closes all connections and stops the embedded PostgreSQL. */
  close(): Promise<void>;
}

/**
 * A ready service for tests and for embedding in another program. Any token is accepted (noauth2).
 *
 * @throws TypeError for an option that does not exist
 */
export async function createService(options: ServiceOptions = {}): Promise<EmbeddedService> {
  // A misspelt `connection` would otherwise start an embedded, empty database.
  for (const name of Object.keys(options)) {
    if (!SERVICE_OPTIONS.includes(name))
      throw new TypeError(`createService has no option ${name}.${didYouMean(name, SERVICE_OPTIONS)}`);
  }
  const config = defaultConfig({
    logLevel: options.logLevel ?? 'silent',
    policyFile: '',
    policyDirs: [],
    listsWorker: false,
  });
  const database = options.connection === undefined ? await embedded(options.dataDir) : null;
  const connection = options.connection ?? database?.connectionString ?? '';
  try {
    await migrateDatabase(config, connection);
    const service = composeService(config, connection, createLog(config.logLevel));
    await service.topology.current().catch(async (error: unknown) => {
      await service.close();
      throw error;
    });
    await service.prepare();
    return {
      app: service.app,
      async close() {
        await service.close();
        await database?.stop();
      },
    };
  } catch (error) {
    await database?.stop();
    throw error;
  }
}

async function embedded(dataDir: string | undefined): Promise<{ connectionString: string; stop(): Promise<void> }> {
  if (dataDir !== undefined) return startEmbedded({ dataDir });
  const temporary = await fs.mkdtemp(path.join(os.tmpdir(), 'stockroom-'));
  // This data is not needed after a crash, and without fsync PostgreSQL starts and writes faster.
  const database = await startEmbedded({ dataDir: temporary, settings: { fsync: 'off' } });
  return {
    connectionString: database.connectionString,
    async stop() {
      await database.stop();
      await fs.rm(temporary, { recursive: true, force: true });
    },
  };
}
