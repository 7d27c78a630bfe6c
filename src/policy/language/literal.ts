/** A value in a target or a credential. */
export type Value = string | number | boolean | null;

/** Returns the text that Python makes of a value, because checks compare these texts. */
export function pythonText(value: Value): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return String(value);
}

/** The text of a Python literal (a quoted string, a number, True, False, None); undefined for anything else. */
export function literalText(source: string): string | undefined {
  if (source === 'True' || source === 'False' || source === 'None') return source;
  return stringText(source) ?? integerText(source) ?? floatText(source);
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\', "'": "'", '"': '"', n: '\n', r: '\r', t: '\t' };

function stringText(source: string): string | undefined {
  const quote = source.at(0);
  if (source.length < 2 || (quote !== '"' && quote !== "'") || source.at(-1) !== quote) return undefined;
  let text = '';
  for (let at = 1; at < source.length - 1; at++) {
    const character = source.charAt(at);
    if (character === quote) return undefined;
    if (character !== '\\') {
      text += character;
      continue;
    }
    const escaped = source.charAt(++at);
    // The closing quote is escaped, so this is not a string.
    if (at === source.length - 1) return undefined;
    text += ESCAPES[escaped] ?? `\\${escaped}`;
  }
  return text;
}

/** Python rejects longer numbers, and reading them takes quadratic time. */
const MAX_DIGITS = 4300;

function integerText(source: string): string | undefined {
  const match = /^([+-]?)(0x[\da-f]+|0o[0-7]+|0b[01]+|0+|[1-9]\d*)$/i.exec(
    source.replaceAll(/(?<=[\da-f])_(?=[\da-f])/gi, ''),
  );
  if (match === null || source.length > MAX_DIGITS) return undefined;
  const number = BigInt(match[2] ?? '');
  return String(match[1] === '-' ? -number : number);
}

function floatText(source: string): string | undefined {
  if (source.length > MAX_DIGITS || !/^[+-]?(\d+\.\d*|\.\d+|\d+(?=e))(e[+-]?\d+)?$/i.test(source)) return undefined;
  const number = Number(source);
  if (!Number.isFinite(number)) return number > 0 ? 'inf' : '-inf';
  const sign = number < 0 || Object.is(number, -0) ? '-' : '';
  const [mantissa = '', exponent = ''] = Math.abs(number).toExponential().split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 16) {
    const fixed = String(Math.abs(number));
    return sign + (fixed.includes('.') ? fixed : `${fixed}.0`);
  }
  return `${sign}${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}
