import { readFileSync } from 'node:fs';
import { startTestServers, stopTestServers } from './database.js';

const { jobs } = JSON.parse(readFileSync(new URL('../../.mocharc.json', import.meta.url), 'utf8')) as { jobs: number };

export const mochaGlobalSetup = (): Promise<void> => startTestServers(jobs);
export const mochaGlobalTeardown = stopTestServers;

// Mocha's processes tell each other of failures in JSON, and a value that JSON cannot say would end the whole run.
Object.assign(BigInt.prototype, { toJSON: (): string => 'a bigint' });
