import fs from 'node:fs';
import sonicBoom, { type SonicBoomOpts } from 'sonic-boom';
import { makeFileOfRoot } from './foreign-folder.js';

/** Where lines of the log are written to. */
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
  /** The first error of those that follow one another. */
  readonly onTrouble?: (error: Error) => void;
  /** Lines are written again after that. */
  readonly onWell?: () => void;
  /** A line is lost, because too many wait. */
  readonly onLost?: () => void;
}

/** Lines that cannot be written wait up to so many bytes; later ones are lost. */
const MAX_WAITING = 1024 * 1024;

/** Pauses of 0.1 s. Without a bound, a process whose log is not read would not end. */
const MAX_RETRIES = 20;

/** The option is missing in the library's types. */
type Options = SonicBoomOpts & { readonly maxWriteRetries: number };

/**
 * A log that cannot be written (a full disk, a reader that has gone) neither ends nor stops the service: lines wait, and are
 * lost when too many wait. sonic-boom is used directly and not through pino.destination: pino brings version 4, which
 * tries forever to write what is left when the process ends, and stands still.
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
        // First by ourselves: after a failure, the library would close the old file twice later.
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
