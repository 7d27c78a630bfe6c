import tty from 'node:tty';

export interface Signals {
  readonly first: Promise<NodeJS.Signals>;
  /** Aborted with the first signal. */
  readonly stop: AbortSignal;
  /** Aborted by another signal, one second or more after the first. */
  readonly hurry: AbortSignal;
  /** Sets the function that is called at each SIGHUP. It is called at once when a SIGHUP came before. */
  onReload(reload: () => void): void;
}

/** Ctrl-C under npm arrives twice, from the terminal and from npm; only a signal well after the first means impatience. */
export function listenToSignals(): Signals {
  const [stopping, hurrying] = [new AbortController(), new AbortController()];
  const hadTerminal = tty.isatty(0);
  let firstAt = Infinity;
  let wasAsked = false;
  let reload = (): void => {
    wasAsked = true;
  };
  const first = new Promise<NodeJS.Signals>((resolve) => {
    const onSignal = (signal: NodeJS.Signals): void => {
      firstAt = Math.min(firstAt, performance.now());
      stopping.abort();
      resolve(signal);
      if (performance.now() - firstAt > 1000) hurrying.abort();
    };
    process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
    // The same signal says that the terminal was closed, in which the service was tried out.
    process.on('SIGHUP', (signal) => {
      if (hadTerminal && !tty.isatty(0)) onSignal(signal);
      else reload();
    });
  });
  return {
    first,
    stop: stopping.signal,
    hurry: hurrying.signal,
    onReload(listener) {
      reload = listener;
      if (wasAsked) reload();
    },
  };
}
