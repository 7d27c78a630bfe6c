import { ConfigError } from './error.js';

/** One `name = value` of a file. A name that occurs several times has several entries. */
export interface Entry {
  /** The section in lower case, as oslo.config compares names of sections. DEFAULT is in upper case. */
  readonly section: string;
  /** The name as in the file, because oslo.config compares names of options exactly. */
  readonly name: string;
  readonly value: string;
  readonly file: string;
  readonly line: number;
}

/**
 * Reads the INI format of oslo.config: `name = value` or `name: value`, comments with # or ; at the start of a line, and lines that start
 * with a blank, which continue the value above them. Other INI readers drop repeated names, accept comments after a value, or nest names of
 * sections. oslo.config does none of this.
 *
 * @throws ConfigError that names file and line
 */
export function parseIni(text: string, file: string): Entry[] {
  const entries: Entry[] = [];
  let section: string | null = null;
  let open: { section: string; name: string; lines: string[]; line: number } | null = null;

  function close(): void {
    if (open === null) return;
    const { lines, ...rest } = open;
    entries.push({ ...rest, value: lines.join('\n'), file });
    open = null;
  }

  for (const [index, raw] of text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\r|\n/)
    .entries()) {
    const line = raw.trimEnd();
    const wrong = (what: string): ConfigError => new ConfigError(`${file}:${index + 1}: ${what}`);
    if (line === '') {
      close();
    } else if (/^[ \t]/.test(line)) {
      if (open === null) throw wrong('this line is indented, but there is no value above that it could continue');
      open.lines.push(line.trimStart());
    } else if (/^[#;]/.test(line)) {
      close();
    } else if (line.startsWith('[')) {
      close();
      if (!line.endsWith(']') || line.length === 2) throw wrong('expected the name of a section: [name]');
      section = sectionName(line.slice(1, -1));
    } else {
      close();
      const [, name = '', value = ''] = /^([^:=]*)[:=](.*)$/.exec(line) ?? [];
      // The message does not contain the line, because the line may be the rest of a password.
      if (name.trim() === '') throw wrong('expected "name = value", "[section]" or a comment');
      if (section === null) throw wrong(`${name.trim()} stands before the first [section]`);
      open = { section, name: name.trim(), lines: [unquoted(value.trim())], line: index + 1 };
    }
  }
  close();
  return entries;
}

export function sectionName(name: string): string {
  return name.toUpperCase() === 'DEFAULT' ? 'DEFAULT' : name.toLowerCase();
}

function unquoted(value: string): string {
  return /^(["'])([^]*)\1$/.exec(value)?.[2] ?? value;
}
