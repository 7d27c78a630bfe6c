import { nearest } from './did-you-mean.js';
import { sectionName, type Entry } from './ini.js';
import { environmentName, namesOf, type AnyOption } from './option.js';
import { isIgnored, IGNORED_OPTIONS } from './ignored-options.js';

/** A line for each unknown option, with the nearest known name. */
export function unknownOptions(
  options: readonly AnyOption[],
  entries: readonly Entry[],
  env: Readonly<Record<string, string | undefined>>,
): string[] {
  const known = new Map<string, Set<string>>();
  const add = (group: string, name: string): void => {
    const section = sectionName(group);
    known.set(section, (known.get(section) ?? new Set()).add(name));
  };
  for (const one of options) for (const { group, name } of namesOf(one)) add(group, name);
  for (const { section, names } of IGNORED_OPTIONS) for (const name of names) add(section, name);

  const inFiles = entries
    .filter(({ section, name }) => !isIgnored(section, name) && known.get(section)?.has(name) !== true)
    // The operator may define a name in DEFAULT to use it as `$name` elsewhere.
    .filter(({ section, name }) => !(section === 'DEFAULT' && isReferredTo(name, entries)))
    .map(({ section, name, file, line }) => `${file}:${line}: ${complaint(section, name, known)}`);

  const variables = new Set(
    [...known].flatMap(([group, names]) => [...names].map((name) => environmentName({ group, name }))),
  );
  const inEnvironment = Object.keys(env).flatMap((variable) => {
    const [, group = '', name = ''] = /^OS_([A-Z0-9]+(?:_[A-Z0-9]+)*)__([A-Z0-9_]+)$/.exec(variable) ?? [];
    const section = sectionName(group);
    if (!known.has(section) || variables.has(variable)) return [];
    return [`${variable}: ${complaint(section, name.toLowerCase(), known)}`];
  });
  return [...inFiles, ...inEnvironment];
}

function isReferredTo(name: string, entries: readonly Entry[]): boolean {
  return entries.some(({ value }) => value.includes(`$${name}`) || value.includes(`\${${name}}`));
}

function complaint(section: string, name: string, known: ReadonlyMap<string, ReadonlySet<string>>): string {
  const names = known.get(section);
  if (names === undefined) {
    const near = nearest(section, known.keys());
    const elsewhere = near === undefined ? '' : `; did you mean [${near}]?`;
    return `there is no section [${section}], so ${name} has no effect${elsewhere}`;
  }
  const here = nearest(name, names);
  const home = [...known].find(([, others]) => others.has(name))?.[0];
  const advice = here !== undefined ? `; did you mean ${here}?` : home === undefined ? '' : `; it belongs to [${home}]`;
  return `[${section}] has no option ${name}, so it has no effect${advice}`;
}
