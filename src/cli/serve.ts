import { optionsForLog } from '../config/show.js';
import { checkOptions } from '../process/check-options.js';
import { openLog } from '../process/open-log.js';
import { runService } from '../process/run.js';
import { warn, type Command } from './command.js';
import { checkEmbeddedOrConnection } from './embedded-or-connection.js';

export const command: Command = {
  help: 'Brings the database up and listens. SIGTERM or Ctrl-C: finishes what has begun, and ends. SIGHUP: reads the configuration again.',
  async run(loaded, commandLine) {
    warn(loaded);
    const { config } = loaded;
    checkEmbeddedOrConnection(config, commandLine.switches.has('embedded'));
    checkOptions(config);
    const files: (() => void)[] = [];
    const log = openLog(config, (reopen) => files.push(reopen));
    if (config.logOptions) log.debug({ options: optionsForLog(loaded) }, 'configuration');
    const reopenLog = (): void => {
      for (const reopen of files) reopen();
    };
    await runService({ config, commandLine, log, reopenLog });
    return 0;
  },
};
