import { policySample } from '../policy/sample.js';
import { say, type Command } from './command.js';

export const command: Command = {
  run() {
    say(policySample().trimEnd());
    return Promise.resolve(0);
  },
};
