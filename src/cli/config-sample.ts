import { configSample } from '../config/sample.js';
import { say, type Command } from './command.js';

export const command: Command = {
  run() {
    say(configSample().trimEnd());
    return Promise.resolve(0);
  },
};
