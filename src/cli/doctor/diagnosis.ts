/** The result of one check of `stockroom doctor`. */
export interface Diagnosis {
  readonly name: string;
  /** With a failure the service does not work. With a warning it works with the disadvantage that the message names. */
  readonly result: 'ok' | 'warning' | 'failure';
  /** The finding; for a warning or failure also the remedy. */
  readonly message: string;
}

export function ok(name: string, message: string): Diagnosis {
  return { name, result: 'ok', message };
}

export function warning(name: string, message: string): Diagnosis {
  return { name, result: 'warning', message };
}

export function failure(name: string, message: string): Diagnosis {
  return { name, result: 'failure', message };
}

/** The largest difference between two clocks without a warning, in seconds. */
const SKEW_WARNING_S = 5;

/** @param ahead the seconds that the other clock is ahead of the clock of this machine */
export function clockCheck(name: string, ahead: number): Diagnosis {
  const apart = Math.abs(ahead);
  if (apart < SKEW_WARNING_S) return ok(name, 'agrees with the clock of this machine');
  return warning(
    name,
    `is ${Math.round(apart)} s ${ahead > 0 ? 'ahead of' : 'behind'} the clock of this machine. Run an NTP client (chrony) on both.`,
  );
}
