/** Shows the progress of work with a known number of rows, on one line of a terminal that it rewrites. */
export interface TerminalProgress {
  show(rows: number, expected: number): void;
  /** Removes the line. */
  clear(): void;
}

const REDRAW_MS = 200;
/** An estimate of the remaining time is shown after this time, because it would be too inexact before. */
const ESTIMATE_AFTER_MS = 1000;

/** Writes nothing when the stream is not a terminal. */
export function terminalProgress(
  stream: { readonly isTTY?: boolean; write(text: string): unknown } = process.stderr,
  now: () => number = () => performance.now(),
): TerminalProgress {
  const start = now();
  let last = -Infinity;
  return {
    show(rows, expected) {
      if (stream.isTTY !== true || now() - last < REDRAW_MS) return;
      last = now();
      stream.write(`\r\u001b[K${progressText(rows, expected, last - start)}`);
    },
    clear() {
      if (stream.isTTY === true && last > -Infinity) stream.write('\r\u001b[K');
    },
  };
}

/** `52,000 of 104,000 rows, 50 %, 4 s left` */
export function progressText(rows: number, expected: number, elapsedMs: number): string {
  if (rows === 0) return `${counted(expected)} rows to read`;
  const percent = Math.floor((100 * rows) / Math.max(rows, expected));
  const text = `${counted(rows)} of ${counted(expected)} rows, ${percent} %`;
  if (elapsedMs < ESTIMATE_AFTER_MS) return text;
  const seconds = Math.ceil((elapsedMs / 1000) * (Math.max(rows, expected) / rows - 1));
  return `${text}, ${durationText(seconds)} left`;
}

/** A number with separators: `104,000`. */
export function counted(number: number): string {
  return number.toLocaleString('en');
}

/** `8 s`, `2 min 5 s`; below ten seconds with a decimal: `0.3 s`. */
export function durationText(seconds: number): string {
  if (seconds < 9.95) return `${Number(seconds.toFixed(1))} s`;
  const whole = Math.round(seconds);
  return whole < 120 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
