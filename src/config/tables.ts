import { argumentOf, defaultText, environmentName, flagName, type AnyOption } from './option.js';
import { OPTIONS } from './options.js';
import { WITHOUT_MEANING } from './without-meaning.js';
import { wrapped } from './wrap.js';

/** What the sections of the configuration file are about, in the order of --help and of `config sample`. */
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
      const variables = [one.env ?? [], environmentName(one)].flat().join(', ');
      return `  ${flag}${one.name} = ${argument}  (${variables})\n${wrapped(`${one.help} Default: ${defaultText(one)}.`, 6)}`;
    });
    return `[${section}]  ${about}\n${options.join('')}`;
  });
  return `Options of the configuration, by section of the file, with their environment variables:\n\n${sections.join('\n')}`;
}

/** The options as rows of a Markdown table. */
export function optionTable(): string {
  const rows = all().map((one) => {
    const names = [
      `[${one.group}] ${one.name}`,
      ...(one.deprecatedNames ?? []).map((name) => `(${name})`),
      ...(one.env === undefined ? [] : [one.env]),
      environmentName(one),
      ...(one.flag === undefined ? [] : [`--${flagName(one)}`]),
    ];
    return row(names.map((name) => `\`${name}\``).join('<br>'), defaultText(one), one.help);
  });
  return [row('option', 'default', 'meaning'), row('---', '---', '---'), ...rows].join('\n');
}

/** The options of upstream that change nothing, as rows of a Markdown table. */
export function withoutMeaningTable(): string {
  const rows = WITHOUT_MEANING.map(({ section, names, why }) =>
    row(names.map((name) => `\`[${section}] ${name}\``).join('<br>'), why),
  );
  return [row('option', 'why it changes nothing here'), row('---', '---'), ...rows].join('\n');
}

function all(): AnyOption[] {
  return Object.values(OPTIONS);
}

function row(...cells: string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
