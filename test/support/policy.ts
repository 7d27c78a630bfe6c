import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Identity } from '../../src/auth/identity.js';
import { ApiError } from '../../src/errors.js';
import { compile, type Decision } from '../../src/policy/compile.js';
import type { Check } from '../../src/policy/language/check.js';
import { parseRule } from '../../src/policy/language/parser.js';
import type { Target } from '../../src/policy/language/template.js';
import { createPolicy, type Policy, type PolicyOptions } from '../../src/policy/policy.js';

/** A user with a token for project p1. */
export function caller(given: Partial<Identity> = {}): Identity {
  return {
    userId: 'u1',
    userDomainId: 'default',
    projectId: 'p1',
    projectDomainId: 'default',
    domainId: null,
    systemScope: null,
    roles: ['member'],
    isAdminProject: true,
    serviceUserId: null,
    serviceUserDomainId: null,
    serviceProjectId: null,
    serviceProjectDomainId: null,
    serviceRoles: [],
    ...given,
  };
}

/** What a check decides, without files and other rules. */
export function ask(
  check: string | Check,
  identity: Partial<Identity> = {},
  target: Target = { project_id: 'p1' },
): Decision {
  const test = compile(typeof check === 'string' ? parseRule(check) : check, {
    rule: () => () => false,
    remote: () => Promise.reject(new Error('no response')),
  });
  return test({ rule: 'a:rule', identity: caller(identity), target });
}

/** A folder for policy files that the test removes at its end. */
export class PolicyFolder {
  readonly path = fs.mkdtempSync(path.join(os.tmpdir(), 'stockroom-policy-'));

  write(name: string, text: string): string {
    const file = path.join(this.path, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
    return file;
  }

  remove(name: string): void {
    fs.rmSync(path.join(this.path, name));
  }

  close(): void {
    fs.rmSync(this.path, { recursive: true });
  }
}

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly text: string;
}

/** A policy on the files of a folder, with a clock that the test moves and a log that it reads. */
export class TestPolicy {
  readonly log: LogLine[] = [];
  readonly policy: Policy;
  #time = 0;

  constructor(folder: string, options: Partial<PolicyOptions> = {}) {
    const line = (level: LogLine['level']) => (members: object, text: string) => {
      this.log.push({ level, text: `${text} ${JSON.stringify(members)}` });
    };
    this.policy = createPolicy({
      policyFile: 'policy.yaml',
      policyDirs: ['policy.d'],
      searchPath: [folder],
      defaultRule: 'default',
      enforceNewDefaults: true,
      enforceScope: true,
      remote: {
        contentType: 'application/x-www-form-urlencoded',
        timeout: 1,
        verifyServer: false,
        caFile: null,
        certFile: null,
        keyFile: null,
      },
      log: { info: line('info'), warn: line('warn'), error: line('error') } as unknown as PolicyOptions['log'],
      now: () => this.#time,
      ...options,
    });
  }

  /** Lets time pass until files are looked at again. */
  later(): void {
    this.#time += 1000;
  }

  /** What a caller is told: null for yes, else the message of the 403. */
  rejection(rule: string, identity: Partial<Identity> = {}, target?: Target): string | null {
    try {
      const response = this.policy.authorize(rule, caller(identity), target);
      if (response !== undefined) throw new Error('it had to wait');
      return null;
    } catch (error) {
      if (error instanceof ApiError && error.status === 403) return error.message;
      throw error;
    }
  }

  allows(rule: string, identity: Partial<Identity> = {}, target?: Target): boolean {
    return this.rejection(rule, identity, target) === null;
  }

  logged(level: LogLine['level']): string[] {
    return this.log.filter((one) => one.level === level).map((one) => one.text);
  }
}
