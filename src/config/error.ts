/** A configuration value that cannot be used; the message names where it came from. */
export class ConfigError extends Error {}
