import { defaultText, type AnyOption } from './option.js';
import { optionsOf, SECTIONS } from './tables.js';
import { wrapped } from './wrap.js';

/**
 * A configuration file with all options, commented out: `stockroom config sample`. A line `#name = value` has the default. A line `#name =`
 * is for a default that is not a value; the comment above it describes the default.
 */
export function configSample(): string {
  const introduction = wrapped(
    'Every option of the service with its default. Nothing here is in force. Remove the # before the options that you change, and leave out the others. Options that are not here may come from the environment: OS_SECTION__NAME.',
    '# ',
  );
  const sections = Object.entries(SECTIONS).map(
    // A section that may occur several times is commented out, because the operator has to choose its name.
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
