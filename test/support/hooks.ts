import { startTestServer, stopTestServer } from './database.js';

/** One PostgreSQL for the whole run, with a migrated template that every test file's database is copied from. */
export const mochaGlobalSetup = startTestServer;
export const mochaGlobalTeardown = stopTestServer;
