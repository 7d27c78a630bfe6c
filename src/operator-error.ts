/** A failure that an operator can mend. The message says what to do; another attempt without that does not help. */
export class OperatorError extends Error {}
