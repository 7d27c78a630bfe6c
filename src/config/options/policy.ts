import { option } from '../option.js';
import { boolean, decimal, list, oneOf, text } from '../values.js';

/** Policy files. */
export const policyOptions = {
  enforceNewDefaults: option({
    group: 'oslo_policy',
    name: 'enforce_new_defaults',
    help: 'false: what the deprecated defaults allowed is still allowed, so role admin may call POST /reshaper.',
    default: true,
    parse: boolean(),
  }),
  enforceScope: option({
    group: 'oslo_policy',
    name: 'enforce_scope',
    help: 'Reject tokens for the system or a domain; false: only their roles count, as for other tokens.',
    default: true,
    parse: boolean(),
  }),
  policyFile: option({
    group: 'oslo_policy',
    name: 'policy_file',
    argument: 'FILE',
    help: 'Rules in YAML or JSON that replace defaults. A relative name is searched in the folders of --config-dir and beside the configuration files, nowhere else. It need not exist, and is read again when it changes.',
    default: 'policy.yaml',
    parse: text,
  }),
  policyDefaultRule: option({
    group: 'oslo_policy',
    name: 'policy_default_rule',
    help: 'The rule that is used in the place of a missing rule to which another rule refers.',
    default: 'default',
    parse: text,
  }),
  policyDirs: option({
    group: 'oslo_policy',
    name: 'policy_dirs',
    help: 'Folders, separated by commas or given one by one, whose files are laid over the policy file in the order of their names.',
    default: ['policy.d'] as readonly string[],
    parse: list,
    repeatable: true,
  }),
  remoteContentType: option({
    group: 'oslo_policy',
    name: 'remote_content_type',
    help: 'The media type of the requests that http: and https: checks send.',
    default: 'application/x-www-form-urlencoded',
    parse: oneOf('application/x-www-form-urlencoded', 'application/json'),
  }),
  remoteTimeout: option({
    group: 'oslo_policy',
    name: 'remote_timeout',
    help: 'Longest wait for the response to an http: or https: check, in seconds.',
    default: 60,
    parse: decimal(0.001, 3600),
  }),
  remoteSslVerifyServerCrt: option({
    group: 'oslo_policy',
    name: 'remote_ssl_verify_server_crt',
    help: 'Whether https: checks verify the certificate of the server.',
    default: false,
    parse: boolean(),
  }),
  remoteSslCaCrtFile: option({
    group: 'oslo_policy',
    name: 'remote_ssl_ca_crt_file',
    help: 'Certificates of the authorities that https: checks trust.',
    default: null,
    defaultText: "Node's own",
    parse: text,
  }),
  remoteSslClientCrtFile: option({
    group: 'oslo_policy',
    name: 'remote_ssl_client_crt_file',
    help: 'Certificate that https: checks show.',
    default: null,
    defaultText: 'none',
    parse: text,
  }),
  remoteSslClientKeyFile: option({
    group: 'oslo_policy',
    name: 'remote_ssl_client_key_file',
    help: 'Key of that certificate.',
    default: null,
    defaultText: 'in the file of the certificate',
    parse: text,
  }),
};
