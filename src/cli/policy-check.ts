import { policyOptions } from '../policy/options.js';
import { checkPolicyFiles } from '../policy/check-files.js';
import { locatePolicyFiles, policyFilesText } from '../policy/locate.js';
import { PolicyFileError, problemText } from '../policy/problem.js';
import { complain, say, type Command } from './command.js';

export const command: Command = {
  help: 'Prints what is wrong with them to standard error. Exit code: 0 all is well, or there are only warnings; 1 something is wrong.',
  run({ config }) {
    const options = policyOptions(config);
    try {
      const files = locatePolicyFiles(options).map((file) => file.path);
      const { problems } = checkPolicyFiles(files, options);
      for (const problem of problems) complain(problemText(problem));
      const errors = problems.filter(({ severity }) => severity === 'error').length;
      say(`${policyFilesText(files)}; errors: ${errors}, warnings: ${problems.length - errors}`);
      return Promise.resolve(errors === 0 ? 0 : 1);
    } catch (error) {
      if (!(error instanceof PolicyFileError)) throw error;
      complain(error.message);
      return Promise.resolve(1);
    }
  },
};
