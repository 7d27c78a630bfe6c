import { HELP, readArguments, type Arguments } from './arguments.js';
import { measure, type Measured } from './measure.js';
import { startBareServer, startService } from './servers.js';
import { renderTable } from './table.js';

/** The benchmark: start what is to be measured, measure scenario by scenario, print a table. */
async function main(): Promise<void> {
  const options = readArguments(process.argv.slice(2));
  if (options === null) {
    console.log(HELP);
    return;
  }
  const measured = await measureAll(options);
  say('');
  console.log(renderTable(measured));
  const faults = measured.flatMap((each) => each.faults.map((fault) => `${each.scenario.name}: ${fault}`));
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) process.exitCode = 1;
}

async function measureAll(options: Arguments): Promise<Measured[]> {
  const started = options.url === undefined ? await startService(options.database, options.nodeOptions) : null;
  const bare = await startBareServer();
  const stop = async (): Promise<void> => {
    await bare.stop();
    await started?.stop();
  };
  // Interrupted, it leaves neither processes nor folders behind.
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void stop().then(() => process.exit(1)));
  try {
    const targets = { service: options.url ?? started!.url, reference: options.reference, bare };
    const measured: Measured[] = [];
    for (const scenario of options.scenarios) measured.push(await measure(scenario, targets, { ...options, say }));
    return measured;
  } finally {
    await stop();
  }
}

/** Progress, on one line of the terminal; where there is no terminal, line by line. */
function say(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
  else if (line !== '') process.stderr.write(`${line}\n`);
}

try {
  await main();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
