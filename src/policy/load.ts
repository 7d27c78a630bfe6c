import fs from 'node:fs';
import type { PolicyQuery, Test } from './compile.js';
import { parsePolicyFile, type FileRule } from './file.js';
import { PolicyFileError, type PolicyProblem } from './problem.js';
import { warningsOf } from './warnings.js';
import { compileRules, rulesOf, type Rule, type RuleOptions } from './rules.js';

export interface LoadedPolicy {
  readonly rules: ReadonlyMap<string, Rule>;
  readonly tests: ReadonlyMap<string, Test>;
  readonly problems: readonly PolicyProblem[];
}

/**
 * Reads files, overrides the defaults with them in their order, and compiles the result.
 *
 * @throws PolicyFileError when a file cannot be read or is not a policy file, or when rules refer to each other in a cycle
 */
export function loadPolicy(
  files: readonly string[],
  options: RuleOptions,
  remote: (url: string, query: PolicyQuery) => Promise<boolean>,
): LoadedPolicy {
  const fileRules = new Map<string, FileRule>();
  const problems: PolicyProblem[] = [];
  for (const file of files) {
    const parsed = parsePolicyFile(textOf(file), file);
    problems.push(...parsed.problems);
    for (const [name, rule] of parsed.rules) fileRules.set(name, rule);
  }
  const rules = rulesOf(fileRules, options);
  const tests = compileRules(rules, options, remote);
  return { rules, tests, problems: [...problems, ...warningsOf(rules, options)] };
}

function textOf(file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(fs.readFileSync(file));
  } catch (error) {
    throw new PolicyFileError(`cannot be read: ${(error as Error).message}`, file, { cause: error });
  }
}
