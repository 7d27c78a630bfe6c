/** The part of the configuration code that the rest of the service uses. The folder config/ has the implementation. */
export { ConfigError } from './config/error.js';
export { loadConfig, readConfig, type LoadedConfig } from './config/load.js';
export { defaultConfig, type Config } from './config/options.js';
