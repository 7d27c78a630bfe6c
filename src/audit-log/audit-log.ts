import type { LogDestination } from '../ops/log-destination.js';
import { auditEvent, type AuditedRequest } from './event.js';

/** `writes`: requests that may change something. `all`: also every other request with a token. */
export type AuditMode = 'writes' | 'all';

/** The audit log, and counts of its lines. */
export interface AuditLog {
  /** Adds a line for a request whose response was sent. It never throws and never waits. */
  record(request: AuditedRequest): void;
  readonly counts: AuditCounts;
  /** Writes as many waiting lines as the disk accepts at once, and closes the file. */
  close(): void;
}

export interface AuditCounts {
  /** Lines that the destination accepted. */
  lines: number;
  /** Lines that were lost, because the disk accepts no lines and too many wait. */
  lost: number;
}

/** Methods that change nothing. */
const READS = new Set(['GET', 'HEAD', 'OPTIONS']);

export interface AuditLogOptions {
  readonly mode: AuditMode;
  /** @param onLost is called for each line that is dropped */
  readonly open: (onLost: () => void) => LogDestination;
  readonly nameOf: (uuid: string) => string | null;
}

/** @throws the error of `open` */
export function createAuditLog({ mode, open, nameOf }: AuditLogOptions): AuditLog {
  const counts: AuditCounts = { lines: 0, lost: 0 };
  const lose = (): void => {
    counts.lost++;
  };
  const destination = open(lose);
  return {
    counts,
    record(request) {
      if (READS.has(request.method) && (mode === 'writes' || request.secrets.length === 0)) return;
      const { lost } = counts;
      try {
        destination.write(`${JSON.stringify(auditEvent(request, new Date(), nameOf))}\n`);
      } catch {
        lose();
      }
      if (counts.lost === lost) counts.lines++;
    },
    close() {
      destination.close();
    },
  };
}
