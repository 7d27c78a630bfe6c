import type { WriteStream } from 'node:tty';

/** The readable form of the log: time, level, message, and the other fields as `name=value`. */
export function prettyStream(out: Pick<WriteStream, 'write'> & { isTTY?: boolean }): { write(line: string): void } {
  return {
    write(line) {
      out.write(prettyLine(line, out.isTTY === true));
    },
  };
}

/** Renders one JSON line of the log as text. It never throws: other text is shown unchanged, but without control characters. */
export function prettyLine(line: string, colours: boolean): string {
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return `${harmless(line.trimEnd())}\n`;
  }
  const { level, time, msg, err, ...rest } = fields;
  const name = text(level);
  const { what, more } = 'path' in rest ? requestParts(rest) : { what: text(msg), more: rest };
  const others = Object.entries(more).map(([key, value]) => `${key}=${text(value)}`);
  const [colour, dim, off] = colours ? [COLOURS[name] ?? '', '\x1b[2m', '\x1b[0m'] : ['', '', ''];
  const head = `${dim}${text(time).slice(11, 23)}${off} ${colour}${name.toUpperCase().padEnd(5)}${off} ${what}`;
  const tail = others.length === 0 ? '' : ` ${dim}${others.join(' ')}${off}`;
  return `${head}${tail}\n${stackOf(err)}`;
}

function requestParts({ method, path, status, length, ms, ...more }: Record<string, unknown>) {
  return { what: `${text(method)} ${text(path)} ${text(status)} ${text(length)} B ${text(ms)} ms`, more };
}

const COLOURS: Readonly<Record<string, string>> = {
  fatal: '\x1b[31m',
  error: '\x1b[31m',
  warn: '\x1b[33m',
  info: '\x1b[32m',
};

function stackOf(error: unknown): string {
  if (error === undefined || error === null) return '';
  const { stack, message } = error as { stack?: unknown; message?: unknown };
  const lines = (typeof stack === 'string' ? stack : text(message ?? error)).split('\n');
  return lines.map((one) => `    ${harmless(one.trim())}\n`).join('');
}

function text(value: unknown): string {
  if (value === undefined) return '-';
  return harmless(typeof value === 'string' ? value : JSON.stringify(value));
}

/** Replaces control characters, so that a text of a client cannot control the terminal. */
function harmless(value: string): string {
  return value.replaceAll(/\p{Cc}/gu, '\ufffd');
}
