import { parseDatabaseUrl } from '../database-url/parse.js';
import { withoutSecrets } from '../database-url/secrets.js';
import type { LoadedConfig } from './load.js';
import { defaultText, type AnyOption } from './option.js';
import { IGNORED_OPTIONS } from './ignored-options.js';

/** All options with their values and origins, and with masked secrets: `stockroom config show`. */
export function configText(loaded: LoadedConfig): string {
  const { configFiles } = loaded.config;
  const shown = shownOptions(loaded);
  const sections = [...new Set(shown.map(({ section }) => section))].sort().map((section) => {
    const rows = shown.filter((one) => one.section === section);
    const widest = Math.max(...rows.map(({ line }) => line.length).filter((length) => length <= 60));
    return [`[${section}]`, ...rows.map(({ line, origin }) => `${line.padEnd(widest)}  # ${origin}`)].join('\n');
  });
  return `# ${filesText(configFiles)}\n\n${sections.join('\n\n')}\n`;
}

/** One line for the log, each option as `section.name`. */
export function optionsForLog(loaded: LoadedConfig): Record<string, string> {
  return Object.fromEntries(shownOptions(loaded).map(({ section, name, text }) => [`${section}.${name}`, text]));
}

export function filesText(files: readonly string[]): string {
  return files.length === 0 ? 'Configuration: no file' : `Configuration: ${files.join(', ')}`;
}

/** The options that are accepted and change nothing, with the reason. */
export function ignoredOptionsText(): string {
  const rows = IGNORED_OPTIONS.map(({ section, names, why }) => `# [${section}] ${names.join(', ')}\n#     ${why}`);
  return `# Accepted without effect:\n${rows.join('\n')}\n`;
}

function shownOptions({ values, origins, options }: LoadedConfig) {
  return [...options].map(([key, one]) => {
    const value = values.get(key);
    const origin = origins.get(key);
    const text = origin === undefined ? defaultText(one) : valueText(one, value);
    // A text that describes the default is shown as a comment, so that it does not look like a value.
    const line =
      origin === undefined && one.defaultText !== undefined ? `# ${one.name}: ${text}` : `${one.name} = ${text}`;
    return { section: one.group, name: one.name, text, line, origin: origin ?? 'default' };
  });
}

function valueText(one: AnyOption, value: unknown): string {
  if (one.name === 'connection') return withMarkedPassword(String(value));
  if (one.secret === true) return '***';
  return [value].flat().join(', ').replaceAll('$', '$$$$');
}

/** Removes secrets from a URL, and marks the place of a password. */
function withMarkedPassword(connection: string): string {
  const text = withoutSecrets(connection);
  return parseDatabaseUrl(connection)?.password == null ? text : text.replace(/^(\w+:\/\/[^@/]*)@/, '$1:***@');
}
