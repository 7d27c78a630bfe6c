import { OperatorError } from '../operator-error.js';

/** A configuration value that cannot be used; the message names where it came from. */
export class ConfigError extends OperatorError {}
