import { option } from '../option.js';
import { oneOf, text } from '../values.js';

/** The audit log, which records the user, the request and the result of each change. */
export const auditLogOptions = {
  auditLog: option({
    group: 'stockroom',
    name: 'audit_log',
    help: 'writes: a line in the form of CADF for each request that may change something, rejected ones too; all: for every other request with a token, too; off.',
    default: 'off',
    parse: oneOf('off', 'writes', 'all'),
  }),
  auditLogFile: option({
    group: 'stockroom',
    name: 'audit_log_file',
    argument: 'FILE',
    help: 'Write the audit log to this file. It is opened again when it was moved away, and by SIGHUP.',
    default: null,
    defaultText: 'standard error',
    parse: text,
  }),
};
