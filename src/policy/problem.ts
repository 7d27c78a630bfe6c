import { OperatorError } from '../operator-error.js';

/** A position in a policy file. Line and column are counted from 1. */
export interface FilePosition {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A probable mistake in the policy files. An error makes a rule, or the whole file, unusable. */
export interface PolicyProblem {
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly rule?: string;
  readonly place?: FilePosition;
}

function placeText({ file, line, column }: FilePosition): string {
  return `${file}:${line}:${column}`;
}

/** Renders a problem as one line. */
export function problemText({ severity, message, rule, place }: PolicyProblem): string {
  const where = place === undefined ? '' : `${placeText(place)}: `;
  return `${where}${severity}: ${rule === undefined ? '' : `rule ${rule}: `}${message}`;
}

/** The policy files cannot be used. The message has file, line and column. */
export class PolicyFileError extends OperatorError {
  readonly reason: string;
  readonly place: FilePosition | string;

  constructor(reason: string, place: FilePosition | string, options?: ErrorOptions) {
    super(`${typeof place === 'string' ? place : placeText(place)}: ${reason}`, options);
    this.reason = reason;
    this.place = place;
  }
}
