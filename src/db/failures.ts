/** What a failed statement means, from the driver's error. SQLSTATEs: PostgreSQL documentation, appendix A. */

interface DriverError {
  readonly code?: string;
  readonly constraint?: string;
  readonly message?: string;
}

const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EPIPE',
  'ENOENT',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

// The server ended the session, so a COMMIT under way may or may not have happened.
const SESSION_ENDED = new Set(['57P01', '57P02']); // admin_shutdown, crash_shutdown

const REJECTED = new Set([
  '57P03', // cannot_connect_now: starting up or shutting down
  '57014', // query_canceled: our own statement_timeout
  '55P03', // lock_not_available: our own lock_timeout
  '25006', // read_only_sql_transaction: a standby, or default_transaction_read_only
  '25P03', // idle_in_transaction_session_timeout
]);

/** The connection broke or failed: the outcome of the last statement is unknown. */
export function isConnectionLost(error: unknown): boolean {
  const { code = '', message = '' } = (error ?? {}) as DriverError;
  if (NETWORK.has(code) || SESSION_ENDED.has(code) || /^08...$/.test(code)) return true;
  // The driver's own errors have no code.
  return /^(Connection terminated|Query read timeout|timeout exceeded when trying to connect|timeout expired|Client has encountered a connection error|Client was closed)/.test(
    message,
  );
}

/** The database is unavailable at the moment. The statement is not the cause. */
export function isUnavailable(error: unknown): boolean {
  const { code = '' } = (error ?? {}) as DriverError;
  // 53 insufficient resources (disk full, too many connections), 58 system error (I/O)
  return isConnectionLost(error) || REJECTED.has(code) || /^(53|58)...$/.test(code);
}

/** An operator has to change the connection or the server first: TLS, certificates, files. */
export class UnusableConnection extends Error {}

/** The topology cannot follow this database: it is a standby, or may take back what it has shown. */
export class UnusableDatabase extends Error {}

/** The server rejects the login until an operator changes something: password, role, database. */
export function isRejected(error: unknown): boolean {
  if (error instanceof UnusableConnection) return true;
  const { code = '' } = (error ?? {}) as DriverError;
  // 28 invalid authorization, 3D000 no such database, 42501 insufficient privilege
  return /^28...$/.test(code) || code === '3D000' || code === '42501';
}

/** The server or our pool has no free connection. Callers that have one can go on. */
export function isOutOfConnections(error: unknown): boolean {
  const { code, message = '' } = (error ?? {}) as DriverError;
  return code === '53300' || message.startsWith('timeout exceeded when trying to connect');
}

/** The session or the server is read-only: a standby, or default_transaction_read_only. */
export function isReadOnly(error: unknown): boolean {
  return (error as DriverError | null)?.code === '25006';
}

/** Disk full, out of memory, I/O errors. */
export function isOutOfResources(error: unknown): boolean {
  const { code = '' } = (error ?? {}) as DriverError;
  return /^(53|58)...$/.test(code) && code !== '53300';
}

/** The server ended the session and said so in response to the statement: it did not execute the statement. */
export function isSessionEnded(error: unknown): boolean {
  return SESSION_ENDED.has((error as DriverError | null)?.code ?? '');
}

/** A statement did not get a lock within `lock_timeout`. Also true for an error whose cause is that. */
export function isLockTimeout(error: unknown): boolean {
  const { code, cause } = (error ?? {}) as DriverError & { cause?: unknown };
  return code === '55P03' || (cause as DriverError | undefined)?.code === '55P03';
}

/** The transaction conflicted with another one and may run again. */
export function mayRunAgain(error: unknown): boolean {
  const { code } = (error ?? {}) as DriverError;
  return code === '40001' || code === '40P01'; // serialization_failure, deadlock_detected
}

/**
 * The sentence for the log about an error that the configuration causes. 26000 invalid_sql_statement_name and 42P05
 * duplicate_prepared_statement: we prepare each statement once in a session, so a pooler has given us another session.
 */
export function withAdvice(error: unknown): unknown {
  const { code } = (error ?? {}) as DriverError;
  if (code !== '26000' && code !== '42P05') return error;
  return new Error(
    `${reasonOf(error)}: a pooler in transaction mode seems to be in front of the database. Set [stockroom] prepared_statements = ` +
      'false, or use pgbouncer 1.21 or newer with max_prepared_statements = 100.',
    { cause: error },
  );
}

/** The name of the violated constraint, when the error is a violation of one. */
export function violatedConstraint(error: unknown): string | undefined {
  const { code, constraint } = (error ?? {}) as DriverError;
  return code === '23505' || code === '23503' ? constraint : undefined; // unique, foreign key
}

/** For a name with several addresses the driver's error contains one error for each and has no message itself. */
export function reasonOf(error: unknown): string {
  const { message, errors } = error as Error & { errors?: Error[] };
  return message !== '' ? message : (errors ?? []).map((one) => one.message).join(', ');
}
