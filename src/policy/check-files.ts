import { loadPolicy } from './load.js';
import { PolicyFileError, type PolicyProblem } from './problem.js';
import type { Rule, RuleOptions } from './rules.js';

export interface PolicyReport {
  /** Problems of the files; empty when there are none. */
  readonly problems: readonly PolicyProblem[];
  /** Every rule, defaults included; empty when the service would not start with these files. */
  readonly rules: readonly Rule[];
}

/**
 * Checks policy files, in the order in which they override the defaults, without putting them in force. The files that a
 * configuration names come from `locatePolicyFiles`.
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
