import { option } from '../option.js';
import { boolean, oneOf, textOrNone } from '../values.js';

/** The log. */
export const logOptions = {
  logLevel: option({
    group: 'stockroom',
    name: 'log_level',
    env: 'STOCKROOM_LOG_LEVEL',
    help: 'fatal, error, warn, info, debug or silent. The log goes to standard error, one JSON object a line.',
    default: 'info',
    parse: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'silent'),
  }),
  logFormat: option({
    group: 'stockroom',
    name: 'log_format',
    env: 'STOCKROOM_LOG_FORMAT',
    help: 'json, one object a line; pretty, for people; auto: pretty when standard error is a terminal.',
    default: 'auto',
    parse: oneOf('auto', 'json', 'pretty'),
  }),
  debug: option({
    group: 'DEFAULT',
    name: 'debug',
    flag: 'switch',
    help: 'Log at debug, unless log_level says otherwise.',
    default: false,
    parse: boolean(),
  }),
  logFile: option({
    group: 'DEFAULT',
    name: 'log_file',
    argument: 'FILE',
    deprecatedNames: ['logfile'],
    flag: true,
    help: 'Write the log to this file, in log_dir if that is given, instead of standard error. An empty value removes that of an earlier configuration file.',
    default: null,
    defaultText: 'standard error',
    parse: textOrNone,
  }),
  logDir: option({
    group: 'DEFAULT',
    name: 'log_dir',
    argument: 'FOLDER',
    deprecatedNames: ['logdir'],
    flag: true,
    help: 'Folder of log_file; without log_file, of placement.log. An empty value removes that of an earlier configuration file.',
    default: null,
    defaultText: 'none',
    parse: textOrNone,
  }),
  useStderr: option({
    group: 'DEFAULT',
    name: 'use_stderr',
    help: 'Log to standard error too when there is a log_file.',
    default: false,
    parse: boolean(),
  }),
  watchLogFile: option({
    group: 'DEFAULT',
    name: 'watch_log_file',
    help: 'Open log_file again when it has been moved away.',
    default: false,
    parse: boolean(),
  }),
  logOptions: option({
    group: 'DEFAULT',
    name: 'log_options',
    help: 'Log every option at start, at debug and with secrets masked.',
    default: true,
    parse: boolean(),
  }),
};
