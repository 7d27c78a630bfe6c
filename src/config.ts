/** What the rest of the service knows of configuration; the folder says how it comes about. */
export { ConfigError } from './config/error.js';
export { loadConfig, readConfig, type LoadedConfig } from './config/load.js';
export { defaultConfig, type Config } from './config/options.js';
