/** HTML is text here, and whatever comes from the document is escaped on its way in. */

export function escape(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** One line with `code` in it. */
export function inline(text: string): string {
  return escape(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>');
}

/** Paragraphs and lists, as far as the document uses them. */
export function blocks(text: string): string {
  return text
    .split('\n\n')
    .map((block) => {
      if (!block.startsWith('- ')) return `<p>${inline(block)}</p>`;
      const items = block.split('\n').map((line) => `<li>${inline(line.slice(2))}</li>`);
      return `<ul>${items.join('')}</ul>`;
    })
    .join('\n');
}

/** Since when, or until when. Nothing for what was always there. */
export function note(noted: {
  readonly 'x-openstack-min-version'?: string;
  readonly 'x-openstack-max-version'?: string;
}): string {
  const { 'x-openstack-min-version': min, 'x-openstack-max-version': max } = noted;
  return [
    min === undefined || min === '1.0' ? '' : ` <span class="since">since ${escape(min)}</span>`,
    max === undefined ? '' : ` <span class="until">until ${escape(max)}</span>`,
  ].join('');
}

export function json(value: unknown): string {
  return `<pre tabindex="0">${escape(JSON.stringify(value, null, 2))}</pre>`;
}
