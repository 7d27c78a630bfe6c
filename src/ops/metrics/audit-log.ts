import type { Registry } from 'prom-client';
import type { AuditLog } from '../../audit-log/audit-log.js';
import { addNumber } from './series.js';

/** Counters of lines of the audit log; 0 while it is off. */
export function showAuditLog(registry: Registry, auditLog: Pick<AuditLog, 'counts'> | null): void {
  addNumber(
    registry,
    { name: 'stockroom_audit_lines_total', help: 'Lines of the audit log that were not lost.', type: 'counter' },
    () => auditLog?.counts.lines ?? 0,
  );
  addNumber(
    registry,
    {
      name: 'stockroom_audit_lines_lost_total',
      help: 'Lines of the audit log that were lost, because its disk took none and too many waited.',
      type: 'counter',
    },
    () => auditLog?.counts.lost ?? 0,
  );
}
