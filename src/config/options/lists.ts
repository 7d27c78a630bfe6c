import { option } from '../option.js';
import { boolean, expecting, integer, text } from '../values.js';

/** The options of inventory lists that all jobs share. Buckets and hooks have their own sections (list-sections.ts). */
export const listOptions = {
  listsSource: option({
    group: 'stockroom',
    name: 'lists_source',
    help: 'The source bucket in inventory lists: the name of this service. Several regions that write into one bucket need different names.',
    default: 'placement',
    parse: expecting('3 to 63 characters of a-z, 0-9, dot and dash', (value) =>
      /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(value) ? value : undefined,
    ),
  }),
  listsAt: option({
    group: 'stockroom',
    name: 'lists_at',
    help: 'The time of day, UTC, of inventory jobs that name none.',
    default: '02:00',
    parse: expecting('HH:MM', (value) => (/^([01]\d|2[0-3]):[0-5]\d$/.test(value) ? value : undefined)),
  }),
  listsLocal: option({
    group: 'stockroom',
    name: 'lists_local',
    help: 'Offer the built-in bucket `local`, a folder of this machine, to inventory jobs.',
    default: true,
    parse: boolean(),
  }),
  listsDir: option({
    group: 'stockroom',
    name: 'lists_dir',
    argument: 'FOLDER',
    help: 'The folder of the built-in bucket `local`.',
    default: null,
    defaultText: 'lists in [stockroom] data_dir',
    parse: text,
  }),
  listsSpool: option({
    group: 'stockroom',
    name: 'lists_spool',
    argument: 'FOLDER',
    help: 'The folder where a list is packed before it is uploaded; it needs room for the packed list.',
    default: null,
    defaultText: 'lists-spool in [stockroom] data_dir',
    parse: text,
  }),
  listsRuns: option({
    group: 'stockroom',
    name: 'lists_runs',
    help: 'Runs of inventory jobs that a process does at a time.',
    default: 1,
    parse: integer(1, 16),
  }),
  listsWorker: option({
    group: 'stockroom',
    name: 'lists_worker',
    help: 'Do the runs of inventory jobs in the processes that serve. false: only `stockroom lists work` does them.',
    default: true,
    parse: boolean(),
  }),
};
