import fs from 'node:fs';
import { createChecker, type Anomaly, type Checker } from './checker.js';
import type { Event } from './history.js';

/** Notes events with their time, checks them as they come, and writes them to a file if it is given one. */
export interface Recorder {
  /** @param service of several, the one whose response says that it was done; null: that is known otherwise */
  note(event: Untimed, service?: number | null): void;
  readonly anomalies: readonly Anomaly[];
  readonly counts: Checker['counts'];
  /** When writes and claims were acknowledged, by `performance.now()`, and by which service. */
  readonly acknowledged: readonly { readonly time: number; readonly service: number }[];
  close(): void;
}

type Untimed = Event extends infer One ? (One extends Event ? Omit<One, 'time'> : never) : never;

const BUFFERED = 64 * 1024;

/** @param file where the history goes, a line an event; null: it is checked and not kept */
export function createRecorder(file: string | null): Recorder {
  const checker = createChecker();
  const acknowledged: { time: number; service: number }[] = [];
  const begin = performance.now();
  const out = file === null ? null : fs.openSync(file, 'w');
  let text = '';

  function flush(): void {
    if (out !== null) fs.writeSync(out, text);
    text = '';
  }

  return {
    anomalies: checker.anomalies,
    counts: checker.counts,
    acknowledged,
    note(untimed, service = null) {
      const now = performance.now();
      const event: Event = { time: Math.round((now - begin) * 1000) / 1000, ...untimed };
      if (service !== null && event.type === 'ok' && (event.op === 'write' || event.op === 'claim'))
        acknowledged.push({ time: now, service });
      checker.add(event);
      if (out === null) return;
      text += `${JSON.stringify(event)}\n`;
      if (text.length > BUFFERED) flush();
    },
    close() {
      flush();
      if (out !== null) fs.closeSync(out);
    },
  };
}
