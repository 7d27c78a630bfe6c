/** Parsers of option values. Each returns undefined for an invalid text. */
export type Parse<Value> = ((text: string) => Value) & { expected?: string };

export function expecting<Value>(expected: string, parse: (text: string) => Value | undefined) {
  return Object.assign((value: string) => parse(value) as Value, { expected });
}

export function text(value: string): string {
  return value;
}

/** An empty value removes the value of an earlier file, as in oslo.log for files and folders of the log. */
export function textOrNone(value: string): string | null {
  return value === '' ? null : value;
}

/** Parses booleans like oslo.config. Blanks around a value do not count, because it may be alone on an indented line below its name. */
export function boolean() {
  return expecting('true or false', (value) => {
    const word = value.trim();
    if (/^(true|1|on|yes)$/i.test(word)) return true;
    return /^(false|0|off|no)$/i.test(word) ? false : undefined;
  });
}

export function integer(min: number, max: number) {
  return expecting(`a whole number from ${min} to ${max}`, (value) => {
    const number = Number(value);
    return /^[+-]?\d+$/.test(value.trim()) && number >= min && number <= max ? number : undefined;
  });
}

export function decimal(min: number, max: number) {
  return expecting(`a number from ${min} to ${max}`, (value) => {
    const number = Number(value);
    return /^\d+(\.\d+)?$/.test(value.trim()) && number >= min && number <= max ? number : undefined;
  });
}

export function oneOf<Choice extends string>(...choices: Choice[]) {
  return expecting(choices.length === 1 ? choices.join() : `one of ${choices.join(', ')}`, (value) =>
    choices.find((choice) => choice === value),
  );
}

export function list(value: string): readonly string[] {
  return value
    .split(/[,\n]/)
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** Rejects credentials in the URL, because they would appear in logs and headers. There are options for credentials. */
export const httpUrl = expecting(
  'a URL of the form https://host:port/path, without user, password or query',
  (value) => {
    if (!URL.canParse(value)) return undefined;
    const url = new URL(value);
    const plain = url.username === '' && url.password === '' && url.search === '' && url.hash === '';
    return plain && /^https?:$/.test(url.protocol) ? url.href.replace(/\/$/, '') : undefined;
  },
);

/** Rejects other texts, such as one with a slash at the end, because a browser never sends them as an origin. */
export const origins = expecting('PROTOCOL://HOST[:PORT], several of them separated by commas, or *', (value) => {
  const given = list(value);
  return given.every((one) => one === '*' || /^[a-z][a-z\d+.-]*:\/\/[^\s/?#@]+$/i.test(one)) ? given : undefined;
});
