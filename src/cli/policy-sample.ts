import { policySample } from '../policy/sample.js';
import { say, type Command } from './command.js';

export const policySampleCommand: Command = {
  name: 'policy sample',
  summary: 'Print a policy file with every rule and its default, commented out.',
  run() {
    say(policySample().trimEnd());
    return Promise.resolve(0);
  },
};
