import fs from 'node:fs';
import sonicBoom, { type SonicBoomOpts } from 'sonic-boom';
import { makeFileOfRoot } from './foreign-folder.js';

/** The file or stream to which lines of the log are written. */
export interface LogDestination {
  readonly write: (line: string) => void;
  /** Writes the waiting lines. It does not wait for a slow reader, and never throws. */
  readonly flushSync: () => void;
  /** Opens the file again under its name. When that is not possible, the old one stays open. */
  readonly reopen: () => void;
  /** Writes as many waiting lines as possible at once, and closes the file. Later lines are lost. */
  readonly close: () => void;
}

/** Callbacks of a destination. */
export interface LogWatcher {
  /** Called with the first of several errors in a row. */
  readonly onTrouble?: (error: Error) => void;
  /** Called when lines are written again after an error. */
  readonly onWell?: () => void;
  /** Called when a line is lost, because too many lines wait. */
  readonly onLost?: () => void;
}

/** In bytes. Lines that cannot be written wait, up to this size. Later lines are lost. */
const MAX_WAITING = 1024 * 1024;

/** The most retries of a write, with pauses of 0.1 s. Without a limit, a process whose log is not read would not end. */
const MAX_RETRIES = 20;

/** The types of the library do not have this option. */
type Options = SonicBoomOpts & { readonly maxWriteRetries: number };

/**
 * A log that cannot be written (the disk is full, or the reader has ended) neither ends nor blocks the service: lines wait, and are lost
 * when too many wait. The service uses sonic-boom directly and not through pino.destination, because pino uses version 4. When the process
 * ends, version 4 tries forever to write the waiting lines and blocks the process.
 *
 * @throws Error when the file cannot be opened, or its folder is foreign to root
 */
export function createLogDestination(
  options: Pick<SonicBoomOpts, 'dest' | 'sync' | 'minLength' | 'maxWrite' | 'periodicFlush' | 'mode'>,
  { onTrouble, onWell, onLost }: LogWatcher = {},
): LogDestination {
  const file = typeof options.dest === 'string' ? options.dest : null;
  if (file !== null) makeFileOfRoot(file, Number(options.mode ?? 0o666));
  const stream = new sonicBoom.SonicBoom({
    ...options,
    maxLength: MAX_WAITING,
    maxWriteRetries: MAX_RETRIES,
  } as Options);
  let isInTrouble = false;
  const note = (error: unknown): void => {
    if (isInTrouble) return;
    isInTrouble = true;
    onTrouble?.(error as Error);
  };
  stream.on('error', note);
  stream.on('write', () => {
    if (isInTrouble) onWell?.();
    isInTrouble = false;
  });
  stream.on('drop', () => onLost?.());
  let isClosed = false;

  function attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      note(error);
    }
  }

  const destination: LogDestination = {
    write(line) {
      if (isClosed) onLost?.();
      else attempt(() => stream.write(line));
    },
    flushSync() {
      attempt(() => {
        stream.flushSync();
      });
    },
    reopen() {
      attempt(() => {
        if (file === null) return;
        // The service opens the file itself first, because the library would close the old file twice after a failure to open the new one.
        makeFileOfRoot(file, Number(options.mode ?? 0o666));
        fs.closeSync(fs.openSync(file, 'a'));
        stream.reopen();
      });
    },
    close() {
      if (isClosed) return;
      isClosed = true;
      destination.flushSync();
      process.off('exit', destination.flushSync);
      attempt(() => {
        stream.end();
      });
    },
  };
  process.on('exit', destination.flushSync);
  return destination;
}
