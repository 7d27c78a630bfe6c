import { startTestServer, stopTestServer } from './database.js';

/** One PostgreSQL for the whole run, with a migrated template that every test file's database is copied from. */
export const mochaGlobalSetup = startTestServer;
export const mochaGlobalTeardown = stopTestServer;

// Mocha's processes tell each other of failures in JSON, and a value that JSON cannot say would end the whole run.
Object.assign(BigInt.prototype, { toJSON: (): string => 'a bigint' });
