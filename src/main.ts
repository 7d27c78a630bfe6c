#!/usr/bin/env node
import { runCli } from './cli/cli.js';

/** After the command, open handles such as an attempt to connect keep the process no longer than this. */
const LINGER_MS = 500;

process.exitCode = await runCli(process.argv.slice(1));
setTimeout(() => process.exit(), LINGER_MS).unref();
