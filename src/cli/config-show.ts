import { configText, withoutMeaningText } from '../config/show.js';
import { say, warn, type Command } from './command.js';

export const command: Command = {
  flags: { all: 'Also list the options of upstream that are accepted and change nothing, with the reason.' },
  run(loaded, { switches }) {
    warn(loaded);
    say(configText(loaded).trimEnd());
    if (switches.has('all')) say(`\n${withoutMeaningText().trimEnd()}`);
    return Promise.resolve(0);
  },
};
