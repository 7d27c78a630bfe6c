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
  /** False: tokens of any scope are as good as those for a project. */
  readonly enforceScope: boolean;
  readonly remote: RemoteOptions;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** The clock that says when to look at the files again, in milliseconds. */
  readonly now?: () => number;
}

export interface Policy {
  /**
   * Returns when the caller may do what the rule guards; at once, unless the rule asks a remote server.
   *
   * @param target what the request is about; without it, the caller
   * @throws ApiError 403
   */
  authorize(rule: string, identity: Identity, target?: PolicyTarget): void | Promise<void>;
}

/**
 * The policy of the service: defaults, with files laid over them that are read again when they change.
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
      // Only the scopes of the rule itself count, not those of rules it refers to.
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
