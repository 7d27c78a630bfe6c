/** Text of an XML document, as opposed to text that stands in one. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Content = Markup | string | number | boolean | null | undefined;

/**
 * An element. Null and undefined among its content are left out.
 *
 * @param start the name, and after a space its attributes
 */
export function xml(start: string, ...content: readonly Content[]): Markup {
  const inside = content
    .filter((one) => one !== null && one !== undefined)
    .map((one) => (one instanceof Markup ? one.text : escaped(String(one))));
  const [name = ''] = start.split(' ', 1);
  return new Markup(`<${start}>${inside.join('')}</${name}>`);
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  // Without this, a parser reads a line feed.
  '\r': '&#xD;',
};

/** XML has no form for most control characters and for half a surrogate pair; U+FFFD stands for them. */
function escaped(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\t\n\r\u0020-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replace(/[&<>"'\r]/g, (character) => ENTITIES[character] ?? character);
}
