import { loadPolicy } from './load.js';
import { PolicyFileError, type PolicyProblem } from './problem.js';
import type { Rule, RuleOptions } from './rules.js';

export interface PolicyReport {
  /** Problems of the files; empty when there are none. */
  readonly problems: readonly PolicyProblem[];
  /** All rules, including the defaults. Empty when the service would not start with these files. */
  readonly rules: readonly Rule[];
}

/**
 * Checks policy files without putting them in force. `locatePolicyFiles` returns the files of a configuration.
 *
 * @param files in the order in which they override the defaults
 */
export function checkPolicyFiles(files: readonly string[], options: RuleOptions): PolicyReport {
  try {
    // No rule is evaluated here, so no remote server is needed.
    const { problems, rules } = loadPolicy(files, options, () => Promise.resolve(false));
    return { problems, rules: [...rules.values()] };
  } catch (error) {
    if (!(error instanceof PolicyFileError)) throw error;
    const { reason, place } = error;
    const problem = typeof place === 'string' ? { message: `${place}: ${reason}` } : { message: reason, place };
    return { problems: [{ severity: 'error', ...problem }], rules: [] };
  }
}
