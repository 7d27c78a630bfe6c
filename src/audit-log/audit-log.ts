import type { LogDestination } from '../ops/log-destination.js';
import { auditEvent, type AuditedRequest } from './event.js';

/** `writes`: requests that may change something; `all`: these, and every other one with a token. */
export type AuditMode = 'writes' | 'all';

/** Where the audit log is, and what became of its lines. */
export interface AuditLog {
  /** Notes a request that has its response. Never throws, and waits for nothing. */
  record(request: AuditedRequest): void;
  readonly counts: AuditCounts;
  /** Writes what waits, without waiting for a disk that is full, and closes the file. */
  close(): void;
}

export interface AuditCounts {
  /** Lines that were handed over to be written. */
  lines: number;
  /** Lines that were not, because too many wait for a disk that takes none. */
  lost: number;
}

/** What has no body that a route reads. */
const READS = new Set(['GET', 'HEAD', 'OPTIONS']);

export interface AuditLogOptions {
  readonly mode: AuditMode;
  /** @param onLost is called for each line that is dropped */
  readonly open: (onLost: () => void) => LogDestination;
  readonly nameOf: (uuid: string) => string | null;
}

/** @throws what `open` throws */
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
