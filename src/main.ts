#!/usr/bin/env node
import { runCli } from './cli/cli.js';

/** What is still open when the command has ended, an attempt to connect for example, keeps the process no longer than this. */
const LINGER_MS = 500;

process.exitCode = await runCli(process.argv.slice(1));
setTimeout(() => process.exit(), LINGER_MS).unref();
