import { readFileSync } from 'node:fs';
import { UsageError, type CommandLine } from '../../config/arguments.js';
import { list } from '../../config/values.js';
import { say, type Command } from '../command.js';
import { withLists } from './access.js';

export const command: Command = {
  help:
    'Replaces the job of that id: what is not said has its default. A new job that is enabled gets a run at once. With --file, the file has the whole ' +
    'job as the API takes it, and there are no other options of the job.\n\n' +
    'Asks the service at --url with the token in OS_TOKEN, otherwise the database of the configuration.\n\n' +
    'Exit code: 0 done; 2 wrong usage, or the job is rejected; 3 neither the service nor the database could be asked.',
  run({ config }, commandLine, [id = '', time]) {
    const body = commandLine.values.has('file') ? bodyOfFile(commandLine) : bodyOf(commandLine, time);
    return withLists(config, commandLine, async (lists) => {
      const { job, created } = await lists.set(id, body);
      say(`${created ? 'Set' : 'Replaced'} ${id}: ${job.enabled ? `due at ${job.next_run_at ?? ''}` : 'disabled'}.`);
      return 0;
    });
  },
};

const OF_JOB = ['daily', 'weekly', 'bucket', 'prefix', 'format', 'fields', 'encryption', 'keep', 'filter', 'notify'];

function bodyOfFile({ values, switches }: CommandLine): object {
  const other = OF_JOB.find((name) => values.has(name)) ?? (switches.has('disabled') ? 'disabled' : undefined);
  if (other !== undefined) throw new UsageError(`--file has the whole job, so there cannot be --${other}.`);
  const file = values.get('file') ?? '';
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as object;
  } catch (error) {
    throw new UsageError(`The file ${file} cannot be used: ${(error as Error).message}.`);
  }
}

/** @param time the operand after `--weekly DAY` */
function bodyOf({ values, switches }: CommandLine, time: string | undefined): object {
  const given = (name: string): string | undefined => values.get(name);
  const member = (name: string, value: unknown): object => (value === undefined ? {} : { [name]: value });
  const parsed = <T>(name: string, parse: (text: string) => T): T | undefined => {
    const text = given(name);
    return text === undefined ? undefined : parse(text);
  };
  return {
    enabled: !switches.has('disabled'),
    schedule: scheduleOf(given('daily'), given('weekly'), time),
    destination: {
      ...member('bucket', given('bucket')),
      ...member('prefix', given('prefix')),
      ...member('format', given('format')),
      ...member('encryption', parsed('encryption', encryptionOf)),
    },
    ...member(
      'filter',
      parsed('filter', (prefix) => ({ prefix })),
    ),
    ...member('optional_fields', parsed('fields', list)),
    ...member('keep_days', parsed('keep', daysOf)),
    ...member('notify', parsed('notify', list)),
  };
}

function scheduleOf(daily: string | undefined, weekly: string | undefined, time: string | undefined): object {
  if (daily !== undefined && weekly !== undefined) throw new UsageError('Say --daily or --weekly, not both.');
  if (weekly === undefined) {
    if (time !== undefined)
      throw new UsageError(`lists set takes one operand, ID; got ${time}, too. See lists set --help.`);
    return { frequency: 'daily', ...(daily === undefined ? {} : { at: daily }) };
  }
  const [day = '', at = time] = weekly.split(' ');
  return { frequency: 'weekly', day, ...(at === undefined ? {} : { at }) };
}

function encryptionOf(text: string): object | null {
  if (text === 'none') return null;
  const [type = '', ...key] = text.split(':');
  return { type, ...(key.length === 0 ? {} : { key_id: key.join(':') }) };
}

function daysOf(text: string): number {
  if (!/^\d{1,4}$/.test(text)) throw new UsageError(`--keep needs a number of days from 1 to 3650, got '${text}'.`);
  return Number(text);
}
