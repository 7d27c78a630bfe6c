import { defaultText, type AnyOption } from './option.js';
import { optionsOf, SECTIONS } from './tables.js';
import { wrapped } from './wrap.js';

/**
 * A configuration file with every option, commented out: `stockroom config sample`. A line `#name = value` has the default; `#name =`
 * has a default that is no value, and the comment above it says which.
 */
export function configSample(): string {
  const introduction = wrapped(
    'Every option of the service with its default. Nothing here is in force. Remove the # before the options that you change, and leave out the others. Options that are not here may come from the environment: OS_SECTION__NAME.',
    '# ',
  );
  const sections = Object.entries(SECTIONS).map(
    // A section that may repeat needs a name of the operator's choice.
    ([section, about]) =>
      `${section.includes(':') ? '#' : ''}[${section}]\n${wrapped(about, '# ')}\n${optionsOf(section).map(entry).join('\n')}`,
  );
  return `${introduction}\n${sections.join('\n')}`;
}

function entry(one: AnyOption): string {
  const value = one.defaultText === undefined ? defaultText(one).replaceAll('$', '$$$$') : '';
  const about = one.defaultText === undefined ? one.help : `${one.help} Default: ${one.defaultText}.`;
  return `${wrapped(about, '# ')}#${one.name} =${value === '' ? '' : ` ${value}`}\n`;
}
