import { startTestServer, stopTestServer } from './database.js';

/** One PostgreSQL for the whole run, with a migrated template that every test file's database is copied from. */
export const mochaHooks = {
  async beforeAll(this: Mocha.Context): Promise<void> {
    this.timeout(60_000);
    await startTestServer();
  },
  async afterAll(): Promise<void> {
    await stopTestServer();
  },
};
