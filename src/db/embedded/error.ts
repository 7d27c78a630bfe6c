import { OperatorError } from '../../operator-error.js';

/** The embedded database cannot be started; the message says what to do. */
export class EmbeddedError extends OperatorError {}
