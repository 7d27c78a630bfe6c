import os from 'node:os';
import { readArguments, type CommandLine } from './arguments.js';
import { urlWarnings, withParameters } from './database-url.js';
import { ConfigError } from './error.js';
import type { ListBucket, ListHook } from '../lists/model.js';
import { parseIni, sectionName, type Entry } from './ini.js';
import { locateFiles, textOf } from './locate.js';
import type { AnyOption } from './option.js';
import { OPTIONS, type Config } from './options.js';
import { listBucket, listHook, listSectionOptions } from './options/list-sections.js';
import { valueOf, type Sources } from './sources.js';
import { supervisorOf, type Supervisor } from './supervisor.js';
import { unknownOptions } from './unknown.js';

/** A configuration with the origin of each value. */
export interface LoadedConfig {
  readonly config: Config;
  /** Where each option was set, by its key. Options that are missing here have their defaults. */
  readonly origins: ReadonlyMap<string, string>;
  /**
   * The options with the sections in which they are searched, because [keystone_authtoken] auth_section moves some to another section. It
   * includes the options of sections that may occur several times, such as [list_bucket:...], with their own keys.
   */
  readonly options: ReadonlyMap<string, AnyOption>;
  /** The value of each option, by its key. */
  readonly values: ReadonlyMap<string, unknown>;
  /** Warnings of settings without an effect. */
  readonly warnings: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Loads the configuration. Flags have precedence over the environment, the environment over files, and later files over earlier ones.
 *
 * @param search whether the usual places are searched when no file is named
 * @throws ConfigError that names the place, the section, the option, the expected value and the given value
 */
export function loadConfig(
  commandLine: Pick<CommandLine, 'flags' | 'given'>,
  { env = process.env, search = false }: { env?: Environment; search?: boolean } = {},
): LoadedConfig {
  const home = env['HOME'] ?? os.homedir();
  const { files, folders } = locateFiles(commandLine.given, {
    home,
    folder: env['OS_PLACEMENT_CONFIG_DIR'],
    search,
  });
  const entries = files.flatMap((file) => parseIni(textOf(file), file));
  const sources: Sources = { flags: commandLine.flags, env, entries, defaults: defaultTextOf };
  const login = valueOf(OPTIONS.keystoneAuthSection, sources)?.value as string | undefined;

  const [origins, values] = [new Map<string, string>(), new Map<string, unknown>()];
  const options = new Map<string, AnyOption>();
  const read = (key: string, one: AnyOption): void => {
    options.set(key, one);
    const value = valueOf(one, sources);
    if (value !== undefined) origins.set(key, value.origin);
    values.set(key, value === undefined ? one.default : value.value);
  };
  for (const [key, one] of Object.entries(OPTIONS) as [string, AnyOption][]) {
    read(key, one.login === true && login !== undefined ? { ...one, group: login } : one);
  }
  const found = { ...Object.fromEntries(values), configFiles: files, configDirs: folders } as unknown as Config;
  const connection = connectionOf(found);
  values.set('connection', connection);
  const sections = readListSections(entries, (section, name, one) => {
    read(`${section}.${name}`, one);
    return values.get(`${section}.${name}`);
  });
  return {
    config: { ...found, ...sections, connection },
    origins,
    options,
    values,
    warnings: [
      ...unknownOptions([...Object.values(OPTIONS), ...options.values()], entries, env),
      ...(connection === null ? [] : urlWarnings(connection).map((one) => `[placement_database] connection: ${one}`)),
    ],
  };
}

/** Reads the buckets and hooks of inventory lists. Each has its own section. */
function readListSections(
  entries: readonly Entry[],
  read: (section: string, name: string, one: AnyOption) => unknown,
): Pick<Config, 'listBuckets' | 'listHooks'> {
  const [listBuckets, listHooks]: [ListBucket[], ListHook[]] = [[], []];
  for (const section of new Set(entries.map((entry) => entry.section))) {
    const options = listSectionOptions(section);
    if (options === null) continue;
    const values = Object.fromEntries(Object.entries(options).map(([name, one]) => [name, read(section, name, one)]));
    const name = section.slice(section.indexOf(':') + 1);
    if (section.startsWith('list_bucket:'))
      listBuckets.push(listBucket(name, values as Parameters<typeof listBucket>[1]));
    else listHooks.push(listHook(name, values as Parameters<typeof listHook>[1]));
  }
  return { listBuckets, listHooks };
}

/** The variables of systemd in the environment of this process. */
export function readSupervisor(): Supervisor {
  return supervisorOf(process.env, process.pid);
}

/** Loads the configuration without origins and warnings. */
export function readConfig(from: { argv: readonly string[]; env: Environment }): Config {
  return loadConfig(readArguments(from.argv), from).config;
}

function connectionOf({ connection, connectionParameters }: Config): string | null {
  if (connection === null) return null;
  const url = withParameters(connection, connectionParameters);
  if (url === undefined)
    throw new ConfigError('Option connection_parameters of [placement_database]: expected a=b&c=d.');
  return url;
}

/** The value of `$name` when the option is not set. */
function defaultTextOf(section: string, name: string): string | undefined {
  const found: AnyOption | undefined = Object.values(OPTIONS).find(
    (one) => sectionName(one.group) === section && one.name === name,
  );
  if (found === undefined) return undefined;
  const value = found.default as string | number | boolean | readonly string[] | null;
  return Array.isArray(value) ? value.join(',') : String(value ?? '');
}
