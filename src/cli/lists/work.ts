import { openPool } from '../../db/database.js';
import { databaseOptions } from '../../db/options.js';
import { composeLists } from '../../lists/compose.js';
import { createMeters } from '../../ops/metrics.js';
import { handleUnhandledFailures } from '../../process/unhandled-failures.js';
import { openLog } from '../../process/open-log.js';
import { prepareDatabase } from '../../process/prepare-database.js';
import { listenToSignals } from '../../process/signals.js';
import { waitForDatabase } from '../../process/wait-for-database.js';
import { say, warn, type Command } from '../command.js';
import { withDatabase } from '../database.js';

export const command: Command = {
  help:
    'Does the runs of inventory jobs, sends their messages and cleans up, and serves nothing: for processes of their own beside services with ' +
    '[stockroom] lists_worker = false. SIGTERM or Ctrl-C: gives back the run that is being read, gives one that is being uploaded the time of ' +
    '[stockroom] drain_timeout, and ends.',
  async run(loaded) {
    warn(loaded);
    const config = { ...loaded.config, listsWorker: true };
    const signals = listenToSignals();
    const log = openLog(config);
    const broken = handleUnhandledFailures(log);
    return withDatabase(config, async (connection) => {
      await waitForDatabase(config, connection, signals.stop, () => prepareDatabase(config, connection, log));
      if (signals.stop.aborted) return 0;
      const pool = openPool(config, connection, log);
      const { lists: meters } = createMeters({ ofProcess: false, capacityLimit: null });
      const lists = composeLists({ config, database: databaseOptions(config, connection), pool, log, meters });
      // The timers of the worker do not keep the process alive.
      const alive = setInterval(() => undefined, 60_000);
      say('Doing the runs of inventory jobs.');
      lists.parts.poke();
      try {
        await Promise.race([signals.first, broken]);
        await lists.end(config.drainTimeout * 1000, signals.hurry);
        return 0;
      } catch (error) {
        await lists.end(0, AbortSignal.abort());
        throw error;
      } finally {
        await pool.close();
        clearInterval(alive);
      }
    });
  },
};
