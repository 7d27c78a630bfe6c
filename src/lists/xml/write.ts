/** Markup of an XML document, which is not escaped again. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Content = Markup | string | number | boolean | null | undefined;

/**
 * Writes an element. Leaves out null and undefined in its content.
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
  // A parser reads an unescaped carriage return as a line feed.
  '\r': '&#xD;',
};

/** Escapes a text. Replaces most control characters and halves of surrogate pairs with U+FFFD, because XML cannot contain them. */
function escaped(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\t\n\r\u0020-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replace(/[&<>"'\r]/g, (character) => ENTITIES[character] ?? character);
}
