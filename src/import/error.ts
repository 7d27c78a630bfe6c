import { OperatorError } from '../operator-error.js';

/** The import cannot be done or must not be; the message says why and what to do next. */
export class ImportError extends OperatorError {}
