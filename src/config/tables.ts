import { defaultText, environmentName, flagName, type AnyOption } from './option.js';
import { OPTIONS } from './options.js';
import { WITHOUT_MEANING } from './without-meaning.js';

/** The options for --help. */
export function optionHelp(): string {
  const lines = all().map((one) => {
    const flag = one.flag === undefined ? '' : `--${flagName(one)}, `;
    const names = `  ${flag}${[one.env ?? [], environmentName(one)].flat().join(', ')}, [${one.group}] ${one.name}`;
    return `${names}\n      ${one.help} Default: ${defaultText(one)}.`;
  });
  return `${lines.join('\n')}\n`;
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
