import { OperatorError } from '../operator-error.js';

/** A dump cannot be made, read or restored; the message says what to do. */
export class DumpError extends OperatorError {}
