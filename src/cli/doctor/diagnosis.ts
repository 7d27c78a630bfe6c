/** The result of one check of `stockroom doctor`. */
export interface Diagnosis {
  readonly name: string;
  /** A failure keeps the service from working; a warning costs something that the message names. */
  readonly result: 'ok' | 'warning' | 'failure';
  /** What the doctor found; for a warning or failure also what to do. */
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

/** How far two clocks may be apart without a warning, in seconds. */
const SKEW_WARNING_S = 5;

/** @param ahead seconds that the other clock is ahead of this machine's */
export function clockCheck(name: string, ahead: number): Diagnosis {
  const apart = Math.abs(ahead);
  if (apart < SKEW_WARNING_S) return ok(name, 'agrees with the clock of this machine');
  return warning(
    name,
    `is ${Math.round(apart)} s ${ahead > 0 ? 'ahead of' : 'behind'} the clock of this machine. Run an NTP client (chrony) on both.`,
  );
}
