import { option } from '../option.js';
import { integer } from '../values.js';

/** The history of changes. The database has the setting whether changes are recorded: `stockroom history`. */
export const historyOptions = {
  historyRetentionDays: option({
    group: 'stockroom',
    name: 'history_retention_days',
    help: 'Days for which changes are kept. 0 keeps all.',
    default: 30,
    parse: integer(0, 36500),
  }),
};
