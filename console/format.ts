const whole = new Intl.NumberFormat('en-US');
const short = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 });

/** `12,981` */
export function count(value: number): string {
  return whole.format(value);
}

/** `1 provider`, `12 providers` */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** An amount of a resource class: what is shown, and the exact number. Memory is in bytes; others are as they are. */
export function amount(className: string, value: number): { readonly text: string; readonly exact: string } {
  if (className !== 'MEMORY_MB') return { text: count(value), exact: `${count(value)} ${className}` };
  return { text: scaled(value, ['MiB', 'GiB', 'TiB', 'PiB', 'EiB']), exact: `${count(value)} MiB` };
}

export function bytes(value: number): string {
  return scaled(value, ['B', 'KiB', 'MiB', 'GiB', 'TiB']);
}

function scaled(value: number, units: readonly string[]): string {
  let [rest, unit] = [value, 0];
  while (Math.abs(rest) >= 1024 && unit < units.length - 1) {
    rest /= 1024;
    unit += 1;
  }
  return `${Math.abs(rest) >= 1000 ? count(Math.round(rest)) : short.format(rest)} ${units[unit] ?? ''}`;
}

/** `68 %`; a dash when there is nothing to take a part of. Full is what is full, not what rounds to it. */
export function percent(used: number, capacity: number): string {
  if (capacity <= 0) return used > 0 ? 'over' : '-';
  const part = (100 * used) / capacity;
  const rounded = part < 100 ? Math.min(Math.round(part), 99) : Math.round(part);
  return `${part > 0 && rounded === 0 ? '< 1' : count(rounded)} %`;
}

/** `21:03:11` in the time zone of the reader. */
export function clock(date: Date): string {
  return date.toLocaleTimeString('en-GB');
}

/** `2026-11-25 21:03:11` in the time zone of the reader. */
export function moment(text: string | null | undefined): string {
  if (text === null || text === undefined) return '-';
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) return text;
  return `${date.toLocaleDateString('sv-SE')} ${clock(date)}`;
}

/** `12 ms`, `8.6 s`, `3 min`, `2 days` */
export function duration(seconds: number): string {
  if (seconds > 0 && seconds < 0.1) return seconds < 0.001 ? '< 1 ms' : `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${short.format(Math.max(seconds, 0))} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

const characters = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Cuts a long text in the middle: both ends of a name tell it from others. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  const all = Array.from(characters.segment(text), ({ segment }) => segment);
  if (all.length <= most) return text;
  const head = Math.ceil((most - 1) / 2);
  return `${all.slice(0, head).join('')}…${all.slice(all.length - (most - 1 - head)).join('')}`;
}

/** `4 to 6`, or `4` when both ends are the same. */
export function range({ at_least, at_most }: { readonly at_least: number; readonly at_most: number }): string {
  return at_least === at_most ? count(at_least) : `${count(at_least)} to ${count(at_most)}`;
}
