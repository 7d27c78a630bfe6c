import type { Logger } from 'pino';
import { ConfigError, type Config } from '../config.js';
import { createAuditLog, type AuditLog } from './audit-log.js';
import { openAuditDestination } from './destination.js';

/**
 * The audit log of the configuration; null when it is off.
 *
 * @param nameOf returns the name of a provider, by UUID; null when it is not known
 * @throws ConfigError when the file cannot be written
 */
export function composeAuditLog(
  { auditLog: mode, auditLogFile: file }: Pick<Config, 'auditLog' | 'auditLogFile'>,
  log: Logger,
  nameOf: (uuid: string) => string | null,
): AuditLog | null {
  if (mode === 'off') return null;
  try {
    return createAuditLog({ mode, nameOf, open: (onLost) => openAuditDestination(file, log, onLost) });
  } catch (error) {
    throw new ConfigError(`The audit log cannot be written ([stockroom] audit_log_file): ${(error as Error).message}`);
  }
}
