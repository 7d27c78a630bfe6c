import { option } from '../option.js';
import { expecting, integer, text } from '../values.js';

/** The listener of inventory jobs for clients of object stores (docs/adr/0017). */
export const listsDialectOptions = {
  listsS3Host: option({
    group: 'stockroom',
    name: 'lists_s3_host',
    argument: 'ADDRESS',
    help: 'Address of the listener for clients of COS, OSS and S3 that set inventory jobs.',
    default: '127.0.0.1',
    parse: text,
  }),
  listsS3Port: option({
    group: 'stockroom',
    name: 'lists_s3_port',
    argument: 'PORT',
    help: 'Port of the listener for clients of COS, OSS and S3 that set inventory jobs; another than that of the API.',
    default: null,
    defaultText: 'none, and no such listener',
    parse: integer(1, 65_535),
  }),
  listsS3Domain: option({
    group: 'stockroom',
    name: 'lists_s3_domain',
    help: 'Hosts below this name name a bucket: with s3.example.org, placement.s3.example.org is the bucket placement.',
    default: null,
    defaultText: 'none: the path names the bucket',
    parse: expecting('a host name in lower case, without a port', (value) =>
      /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(value) ? value : undefined,
    ),
  }),
  listsS3KeysFile: option({
    group: 'stockroom',
    name: 'lists_s3_keys_file',
    argument: 'FILE',
    help: 'Keys for the S3 listener, a line each: ACCESS SECRET USER PROJECT ROLE,ROLE. Read again when it changes. Other access keys are looked at as [api] auth_strategy says.',
    default: null,
    defaultText: 'none',
    parse: text,
  }),
};
