import { OperatorError } from '../operator-error.js';

/** A configuration value cannot be used. The message names the origin of the value. */
export class ConfigError extends OperatorError {}
