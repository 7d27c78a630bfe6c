import { OperatorError } from '../operator-error.js';

/** The import is not possible or not allowed. The message has the reason and the next step. */
export class ImportError extends OperatorError {}
