import fs from 'node:fs';
import { createChecker, type Anomaly, type Checker } from './checker.js';
import type { Event } from './history.js';

/** Notes events with their time, judges them as they come, and writes them to a file if it is given one. */
export interface Recorder {
  note(event: Untimed): void;
  readonly anomalies: readonly Anomaly[];
  readonly counts: Checker['counts'];
  /** When writes and claims were acknowledged: times of `performance.now()`. */
  readonly acknowledged: readonly number[];
  close(): void;
}

type Untimed = Event extends infer One ? (One extends Event ? Omit<One, 'time'> : never) : never;

const BUFFERED = 64 * 1024;

/** @param file where the history goes, a line an event; null: it is judged and not kept */
export function createRecorder(file: string | null): Recorder {
  const checker = createChecker();
  const acknowledged: number[] = [];
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
    note(untimed) {
      const now = performance.now();
      const event: Event = { time: Number((now - begin).toFixed(3)), ...untimed };
      if (event.type === 'ok' && (event.op === 'write' || event.op === 'claim')) acknowledged.push(now);
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
