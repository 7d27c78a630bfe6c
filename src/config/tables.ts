import { argumentOf, defaultText, environmentName, flagName, type AnyOption } from './option.js';
import { OPTIONS } from './options.js';
import { bucketOptions, hookOptions } from './options/list-sections.js';
import { IGNORED_OPTIONS } from './ignored-options.js';
import { wrapped } from './wrap.js';

/** The sections of the configuration file with their subjects, in the order of --help and of `config sample`. */
export const SECTIONS: Readonly<Record<string, string>> = {
  stockroom: 'The service and its process.',
  api: 'Authentication.',
  placement_database: 'The connections to PostgreSQL.',
  keystone_authtoken: 'Tokens that Keystone validates, and the login of the service to Keystone.',
  oslo_policy: 'The policy: who may do what.',
  placement: 'The rules of Placement.',
  workarounds: 'Switches that upstream keeps in this section.',
  cors: 'Browsers that use the API from pages of other origins.',
  oslo_middleware: 'Proxies in front of the service.',
  DEFAULT: 'The log.',
  'list_bucket:NAME':
    'A bucket that inventory lists are written to. As many sections as there are buckets; only in files.',
  'list_hook:NAME':
    'A program that is told of the ends of runs of inventory jobs. As many sections as there are hooks; only in files.',
};

/** The options of a section of the configuration file. */
export function optionsOf(section: string): AnyOption[] {
  return all().filter(({ group }) => group === section);
}

/** The options for --help, by section. */
export function optionHelp(): string {
  const sections = Object.entries(SECTIONS).map(([section, about]) => {
    const options = optionsOf(section).map((one) => {
      const argument = argumentOf(one);
      const flag = one.flag === undefined ? '' : `--${flagName(one)}${one.flag === 'switch' ? '' : ` ${argument}`}, `;
      const variables = variablesOf(one).join(', ');
      return `  ${flag}${one.name} = ${argument}${variables === '' ? '' : `  (${variables})`}\n${wrapped(`${one.help} Default: ${defaultText(one)}.`, 6)}`;
    });
    return `[${section}]\n${wrapped(about, 2)}\n${options.join('')}`;
  });
  return `Options of the configuration, by section of the file, with their environment variables:\n\n${sections.join('\n')}`;
}

/** The options as rows of a Markdown table. */
export function optionTable(): string {
  const rows = all().map((one) => {
    const names = [
      `[${one.group}] ${one.name}`,
      ...(one.deprecatedNames ?? []).map((name) => `(${name})`),
      ...variablesOf(one),
      ...(one.flag === undefined ? [] : [`--${flagName(one)}`]),
    ];
    return row(names.map((name) => `\`${name}\``).join('<br>'), defaultText(one), one.help);
  });
  return [row('option', 'default', 'meaning'), row('---', '---', '---'), ...rows].join('\n');
}

/** The options of upstream that change nothing, as rows of a Markdown table. */
export function ignoredOptionsTable(): string {
  const rows = IGNORED_OPTIONS.map(({ section, names, why }) =>
    row(names.map((name) => `\`[${section}] ${name}\``).join('<br>'), why),
  );
  return [row('option', 'why it changes nothing here'), row('---', '---'), ...rows].join('\n');
}

function all(): AnyOption[] {
  return [OPTIONS, bucketOptions('NAME'), hookOptions('NAME')].flatMap((options) => Object.values<AnyOption>(options));
}

/** Returns no variables for a section that may occur several times, because a variable cannot contain the name of the section. */
function variablesOf(one: AnyOption): string[] {
  if (one.group.includes(':')) return [];
  return [...(one.env === undefined ? [] : [one.env]), environmentName(one)];
}

function row(...cells: string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
