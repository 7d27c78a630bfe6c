#!/usr/bin/env node
import { runCli } from './cli/cli.js';

/** In milliseconds. After the command, the process ends within this time, also with open handles such as an attempt to connect. */
const LINGER_MS = 500;

process.exitCode = await runCli(process.argv.slice(1));
setTimeout(() => process.exit(), LINGER_MS).unref();
