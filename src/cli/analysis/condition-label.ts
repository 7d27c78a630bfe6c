import type { ConditionDocument } from '../../explain/document.js';
import { cut } from './text.js';

/** The width to which suffixes are cut when names are cut. */
const MOST_SUFFIX = 16;

/**
 * A condition as text: `VCPU:8`, `required CUSTOM_SSD`, `forbidden CUSTOM_OLD`, `VGPU:1 (_GPU)`.
 *
 * @param width the width of names, in characters; amounts are never cut
 */
export function labelOf({ id, group, asked }: ConditionDocument, width = Infinity): string {
  const dot = id.indexOf('.');
  const [parameter, whole] = dot === -1 ? [id, ''] : [id.slice(0, dot), id.slice(dot + 1)];
  const item = cut(whole, width);
  const suffix = group ?? '';
  const name = suffix !== '' && parameter.endsWith(suffix) ? parameter.slice(0, -suffix.length) : parameter;
  const of = suffix === '' ? '' : ` (${width === Infinity ? suffix : cut(suffix, MOST_SUFFIX)})`;
  switch (name) {
    case 'resources':
      return `${item}:${asked ?? ''}${of}`;
    case 'required':
      return item.startsWith('!') ? `forbidden ${item.slice(1)}${of}` : `required ${item}${of}`;
    case 'member_of':
      return item.startsWith('!') ? `not member_of ${item.slice(1)}${of}` : `member_of ${item}${of}`;
    case 'group_policy':
      return 'group_policy isolate';
    case 'version':
      return 'one provider a tree, as below 1.29';
    default:
      return `${name} ${item}${of}`;
  }
}
