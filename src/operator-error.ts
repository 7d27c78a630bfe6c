/** A failure that an operator has to repair. The message says how. Another attempt without the repair would fail as well. */
export class OperatorError extends Error {}
