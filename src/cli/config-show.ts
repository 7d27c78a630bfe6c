import { configText, ignoredOptionsText } from '../config/show.js';
import { policyOptions } from '../policy/options.js';
import { locatePolicyFiles, policyFilesText } from '../policy/locate.js';
import { say, warn, type Command } from './command.js';

export const command: Command = {
  run(loaded, { switches }) {
    warn(loaded);
    say(configText(loaded).trimEnd());
    say(`\n# ${policyFilesText(locatePolicyFiles(policyOptions(loaded.config)).map(({ path }) => path))}`);
    if (switches.has('all')) say(`\n${ignoredOptionsText().trimEnd()}`);
    return Promise.resolve(0);
  },
};
