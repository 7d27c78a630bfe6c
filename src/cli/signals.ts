export interface Signals {
  readonly first: Promise<NodeJS.Signals>;
  /** Aborted with the first signal. */
  readonly stop: AbortSignal;
  /** Aborted when somebody loses patience. */
  readonly hurry: AbortSignal;
}

/** Ctrl-C under npm arrives twice, from the terminal and from npm; only a signal well after the first means impatience. */
export function listenToSignals(): Signals {
  const [stopping, hurrying] = [new AbortController(), new AbortController()];
  let firstAt = Infinity;
  const first = new Promise<NodeJS.Signals>((resolve) => {
    const onSignal = (signal: NodeJS.Signals): void => {
      firstAt = Math.min(firstAt, performance.now());
      stopping.abort();
      resolve(signal);
      if (performance.now() - firstAt > 1000) hurrying.abort();
    };
    process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
  });
  return { first, stop: stopping.signal, hurry: hurrying.signal };
}
