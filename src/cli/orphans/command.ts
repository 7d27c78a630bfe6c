import readline from 'node:readline/promises';
import { UsageError, type CommandLine } from '../../config/arguments.js';
import type { Config } from '../../config.js';
import { ApiError } from '../../errors.js';
import { failureText } from '../../failure-text.js';
import { MOST_DELETED, MOST_SHOWN } from '../../resources/orphans/schema.js';
import type { OrphansDocument } from '../../resources/orphans/render.js';
import { complain, say, type Command } from '../command.js';
import { withOrphans, type OrphansAccess, type Removed } from './access.js';
import { orphansArguments, type OrphansArguments } from './arguments.js';
import { createSaveFile, readSaved, versionOf } from './saved.js';
import { counted, orphansText } from './text.js';

/** The exit codes of `nova-manage placement audit`. */
const EXIT = { none: 0, failed: 1, found: 3, deleted: 4, usage: 127 } as const;

export const command: Command = {
  help:
    'Exit code 0: there are no orphans; 3: there are; 4: there were, and they are deleted; 1: it failed, or was rejected; 127: wrong usage. ' +
    'docs/how-to/clean-up-orphans.md has the commands that make the lists of a Nova cloud.',
  async run({ config }, commandLine) {
    try {
      const file = commandLine.values.get('undo');
      return await (file === undefined ? audit(config, commandLine) : undo(config, commandLine, file));
    } catch (error) {
      complain(error instanceof ApiError || error instanceof UsageError ? error.message : failureText(error, config));
      return error instanceof UsageError ? EXIT.usage : EXIT.failed;
    }
  },
};

async function audit(config: Config, commandLine: CommandLine): Promise<number> {
  const given = await orphansArguments(commandLine);
  const { save: file, isDeletion } = given;
  const saved = file === null ? null : await createSaveFile(file);
  try {
    return await withOrphans(config, commandLine, async (access) => {
      const report = await access.find({ ...given.body, limit: MOST_SHOWN });
      await saved?.save(report.orphans);
      const isWanted = isDeletion && report.orphans.length > 0 && (await isAgreed(report, given));
      const results = isWanted ? await remove(access, report) : null;
      show(report, results, given, commandLine.switches.has('json'));
      if (report.counts.orphans === 0) return EXIT.none;
      return results === null ? EXIT.found : EXIT.deleted;
    });
  } finally {
    await saved?.close();
  }
}

/** Asks the operator on the terminal, unless the command line has --yes. */
async function isAgreed(
  { counts, more }: OrphansDocument,
  { isAgreed, olderThan }: OrphansArguments,
): Promise<boolean> {
  if (isAgreed) return true;
  const terminal = readline.createInterface({ input: process.stdin, output: process.stderr });
  try {
    const some = more && counts.orphans > MOST_SHOWN ? `the first ${MOST_SHOWN} of ` : '';
    const text = `Delete ${some}${counted(counts.orphans, 'orphan')} older than ${olderThan} s? [y/N] `;
    return /^y(es)?$/i.test(await terminal.question(text));
  } finally {
    terminal.close();
  }
}

async function remove(access: OrphansAccess, { orphans }: OrphansDocument): Promise<Removed[]> {
  const results: Removed[] = [];
  for (let start = 0; start < orphans.length; start += MOST_DELETED) {
    const some = orphans.slice(start, start + MOST_DELETED);
    results.push(
      ...(await access.remove(some.map(({ consumer, consumer_generation }) => ({ consumer, consumer_generation })))),
    );
  }
  return results;
}

function show(
  report: OrphansDocument,
  results: readonly Removed[] | null,
  given: OrphansArguments,
  isJson: boolean,
): void {
  if (isJson) {
    say(JSON.stringify(results === null ? report : { ...report, results }, null, 2));
    return;
  }
  const { save: file, olderThan } = given;
  say(orphansText(report, olderThan));
  if (report.counts.orphans === 0) return;
  const saved = file === null ? '' : `Saved to ${file} (each line is a body for POST /allocations). `;
  if (results === null) {
    say(`${saved}Nothing was deleted; ${file === null ? '--delete with --save FILE' : '--delete'} does that.`);
    return;
  }
  const count = (wanted: Removed['result']): number => results.filter(({ result }) => result === wanted).length;
  say(
    `${saved}Deleted ${counted(count('deleted'), 'orphan')}; --undo ${file ?? ''} puts back what they had. ` +
      `Left alone: ${count('changed')} that changed, ${count('gone')} that had gone.`,
  );
  const left = report.counts.orphans - report.orphans.length;
  if (left > 0) say(`${left} more were not looked at: run it again, with another file.`);
}

/** Restores the allocations of a saved file, consumer by consumer. */
async function undo(config: Config, commandLine: CommandLine, file: string): Promise<number> {
  const others = ['live', 'also-live', 'save'].filter((name) => commandLine.values.has(name));
  if (others.length > 0 || commandLine.switches.has('delete'))
    throw new UsageError('--undo puts back what a file has, and goes with --url alone.');
  const bodies = await readSaved(file);
  return withOrphans(config, commandLine, async (access) => {
    let failed = 0;
    for (const body of bodies) {
      try {
        await access.putBack(body, versionOf(body));
      } catch (error) {
        if (!(error instanceof ApiError) || error.status >= 500) throw error;
        failed++;
        complain(`${Object.keys(body).join(', ')}: ${error.message}`);
      }
    }
    say(`Put back ${counted(bodies.length - failed, 'consumer')}; ${failed} could not be put back.`);
    return failed === 0 ? EXIT.none : EXIT.failed;
  });
}
