import type { Logger } from 'pino';
import type { Identity } from '../auth/identity.js';
import { forbidden, wrongScope } from '../errors.js';
import { scopeOf } from './credentials.js';
import type { Target } from './language/template.js';
import { loadPolicy } from './load.js';
import { locatePolicyFiles, type PolicyFilesOptions } from './locate.js';
import { askRemote, type RemoteOptions } from './remote.js';
import type { RuleOptions } from './rules.js';
import { watchPolicy } from './watch.js';

/** The target of a request, for `%(key)s` in checks. */
export type PolicyTarget = Target;

export interface PolicyOptions extends PolicyFilesOptions, RuleOptions {
  /** Whether a token must have one of the scopes of the rule. If false, the scope of the token does not count. */
  readonly enforceScope: boolean;
  readonly remote: RemoteOptions;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Returns the time in milliseconds, which decides when the files are checked again. */
  readonly now?: () => number;
}

export interface Policy {
  /**
   * Returns when the rule allows the caller. It returns at once, unless the rule asks a remote server.
   *
   * @param target the target of the request; by default the project and user of the caller
   * @throws ApiError 403
   */
  authorize(rule: string, identity: Identity, target?: PolicyTarget): void | Promise<void>;
}

/**
 * Creates the policy of the service: the defaults, overridden by files. The files are read again when they change.
 *
 * @throws PolicyFileError when the files cannot be used
 */
export function createPolicy(options: PolicyOptions): Policy {
  const current = watchPolicy({
    locate: () => locatePolicyFiles(options),
    load: (files) => loadPolicy(files, options, (url, query) => askRemote(url, query, options.remote)),
    log: options.log,
    ...(options.now === undefined ? {} : { now: options.now }),
  });
  return {
    authorize(rule, identity, target = { project_id: identity.projectId, user_id: identity.userId }) {
      const { rules, tests } = current();
      // Only the scopes of the rule itself count, and not those of rules to which it refers.
      const scopes = rules.get(rule)?.scopes ?? null;
      if (options.enforceScope && scopes !== null && !scopes.includes(scopeOf(identity))) throw wrongScope(rule);
      const decision = tests.get(rule)?.({ rule, identity, target }) ?? false;
      if (decision === true) return;
      if (decision === false) throw forbidden(rule);
      return decision.then((allowed) => {
        if (!allowed) throw forbidden(rule);
      });
    },
  };
}
