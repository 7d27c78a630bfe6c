import { OperatorError } from '../operator-error.js';

/** A dump cannot be made, read or restored. The message says what the operator can do. */
export class DumpError extends OperatorError {}
