import type pg from 'pg';
import { findingCounts, findingsJson, findingsText } from '../import/report.js';
import type { ImportOptions, ImportResult } from '../import/run.js';
import { holdingsText, isEmpty } from '../import/target.js';
import { differenceText, type Difference } from '../import/verify.js';
import { complain, say } from './command.js';
import { counted } from './terminal-progress.js';

/** The databases that the import reads and writes, as text. */
interface Journey {
  readonly source: string;
  readonly revision: string;
  readonly target: string;
}

/** Prints the report of an import on standard output, part by part, so that findings and differences are not collected in memory. */
export interface ImportReporter {
  /** @param client the session of the import, which has the findings */
  imported(result: ImportResult & Journey & { dryRun: boolean }, client: pg.ClientBase): Promise<void>;
  verifying(journey: Journey): void;
  difference(difference: Difference): void;
  /** @param compared the number of compared objects, by kind */
  verified(compared: Readonly<Record<string, number>>): void;
  end(): void;
}

export function importReporter({ json }: { json: boolean }): ImportReporter {
  return json ? jsonReporter() : textReporter();
}

/** Progress on standard error: a line for each step that is done, and at most one every two seconds during a step. */
export function progressLines(start: number): ImportOptions['progress'] {
  let last = start;
  return (step, rows, done) => {
    const now = performance.now();
    if (!done && now - last < 2000) return;
    last = now;
    const amount = rows === 0 && !step.startsWith('read') ? '' : `: ${counted(rows)} rows${done ? '' : ' so far'}`;
    complain(`${((now - start) / 1000).toFixed(1).padStart(7)} s  ${step}${amount}`);
  };
}

function textReporter(): ImportReporter {
  let different = 0;
  return {
    async imported({ source, revision, target, read, removed, written, dryRun }, client) {
      say(
        `${dryRun ? 'Read' : 'Imported'} ${source} (revision ${revision})${dryRun ? '; nothing was written to' : ' into'} ${target}`,
      );
      if (removed !== null && !isEmpty(removed))
        say(`${dryRun ? 'The target holds' : 'Removed from the target'}: ${holdingsText(removed)}`);
      for (const [kind, rows] of Object.entries(written ?? read)) say(`  ${counted(rows).padStart(12)}  ${kind}`);
      const counts = await findingCounts(client);
      if (counts.length === 0) say(`Every row ${dryRun ? 'can be' : 'was'} imported unchanged.`);
      else say(`\nRows that are not as they should be, and the rule for each (docs/how-to/import-from-placement.md):`);
      for await (const line of findingsText(client, counts)) say(line);
    },
    verifying({ source, target }) {
      say(`\nComparing ${source} with ${target}`);
    },
    difference(one) {
      different++;
      say(`  differs: ${differenceText(one)}`);
    },
    verified(compared) {
      const all = Object.entries(compared).map(([kind, count]) => `${counted(count)} ${kind}`);
      say(`${different === 0 ? 'No differences' : `${counted(different)} differences`} (compared: ${all.join(', ')})`);
    },
    end: () => undefined,
  };
}

/** One JSON object, written piece by piece. */
function jsonReporter(): ImportReporter {
  let first = true;
  let different = 0;
  const write = (text: string): void => void process.stdout.write(text);
  const member = (name: string): void => {
    write(`${first ? '{' : ','}\n"${name}":`);
    first = false;
  };
  const journey = ({ source, revision, target }: Journey): void => {
    if (!first) return;
    for (const [name, value] of Object.entries({ source, revision, target })) {
      member(name);
      write(JSON.stringify(value));
    }
  };
  return {
    async imported(result, client) {
      journey(result);
      const { dryRun, read, removed, written } = result;
      for (const [name, value] of Object.entries({ dryRun, read, removed, written })) {
        member(name);
        write(JSON.stringify(value));
      }
      member('findings');
      for await (const piece of findingsJson(client, await findingCounts(client))) write(piece);
    },
    verifying(of) {
      journey(of);
      member('differences');
      write('[');
    },
    difference(one) {
      write(`${different++ === 0 ? '' : ','}\n${JSON.stringify(one)}`);
    },
    verified(compared) {
      write(']');
      member('compared');
      write(JSON.stringify(compared));
    },
    end() {
      write('\n}\n');
    },
  };
}
