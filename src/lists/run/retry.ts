import { ApiError } from '../../errors.js';
import { isUnavailable, reasonOf } from '../../db/failures.js';
import { DestinationError } from '../model.js';

/** Decides how a run continues after a failed attempt (docs/contract/inventory-lists.md#failures). */

/** Minutes before the second attempt, the third and so on. Further attempts have the last value. */
const DELAYS = { soon: [1, 5, 15, 60], late: [15, 60] } as const;

/** Seconds until the next attempt. @param attempt the number of the attempt that failed, from 1 */
export function retryDelay(retry: 'soon' | 'late', attempt: number): number {
  const delays = DELAYS[retry];
  return 60 * (delays[Math.min(attempt, delays.length) - 1] ?? 60);
}

/** The reason of an attempt that ended without a failure. */
export class RunStopped extends Error {
  /** `taken`: another process has the run, or it was cancelled; `leaving`: this process ends. */
  readonly why: 'taken' | 'leaving';

  constructor(why: 'taken' | 'leaving') {
    super(why === 'taken' ? 'the run was taken over or cancelled' : 'the process ends');
    this.why = why;
  }
}

export type AttemptFailure =
  | { readonly kind: 'stopped'; readonly why: RunStopped['why'] }
  /** The database is unavailable. Another process takes over the run when its lease ends. */
  | { readonly kind: 'database'; readonly reason: string }
  | {
      readonly kind: 'failed';
      readonly code: string;
      readonly message: string;
      readonly retry: 'soon' | 'late';
      /** Whether this failure is not in the contract. The log then has its stack. */
      readonly unforeseen: boolean;
    };

export function failureOf(error: unknown): AttemptFailure {
  if (error instanceof RunStopped) return { kind: 'stopped', why: error.why };
  if (error instanceof DestinationError) {
    return { kind: 'failed', code: error.code, message: error.message, retry: error.retry, unforeseen: false };
  }
  if (error instanceof ApiError && error.status === 503) return { kind: 'database', reason: error.message };
  const { code, syscall, path } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return {
      kind: 'failed',
      code: 'NoSpace',
      message: 'The disk of the spool is full.',
      retry: 'soon',
      unforeseen: false,
    };
  }
  // A missing file has the same code as a missing socket of the database.
  const ofFile = path !== undefined && syscall !== 'connect';
  if (!ofFile && isUnavailable(error)) return { kind: 'database', reason: reasonOf(error) };
  const message = 'The run ended with an unexpected error; the log of the service has it.';
  return { kind: 'failed', code: 'InternalError', message, retry: 'soon', unforeseen: true };
}
