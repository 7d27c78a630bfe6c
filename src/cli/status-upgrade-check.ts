import fs from 'node:fs';
import { policyOptions } from '../policy/options.js';
import type { Config } from '../config.js';
import { locatePolicyFiles } from '../policy/locate.js';
import { say, type Command } from './command.js';
import { countLegacyRows } from './legacy-rows.js';

const RESULTS = ['Success', 'Warning', 'Failure'] as const;
const TITLE = 'Upgrade Check Results';
const MIGRATE = 'Run the "placement-manage db online_data_migrations" command.';

interface UpgradeCheck {
  readonly name: string;
  /** The index of one of RESULTS. */
  readonly result: 0 | 1 | 2;
  readonly details: string | null;
}

export const command: Command = {
  help: 'Exit code: the worst result, 0 Success, 1 Warning, 2 Failure; 255 when the check itself fails.',
  failure: 255,
  async run({ config }, { switches }) {
    const checks = await upgradeChecks(config);
    say(switches.has('json') ? json(checks) : table(checks));
    return Math.max(...checks.map(({ result }) => result));
  },
};

async function upgradeChecks(config: Config): Promise<UpgradeCheck[]> {
  const { withoutRoot, withoutConsumer } = await countLegacyRows(config);
  const json = hasJsonPolicy(config);
  return [
    {
      name: 'Missing Root Provider IDs',
      result: withoutRoot === 0 ? 0 : 2,
      details:
        withoutRoot === 0
          ? null
          : `There is at least one resource provider table record which misses its root provider id. ${MIGRATE}`,
    },
    {
      name: 'Incomplete Consumers',
      result: withoutConsumer === 0 ? 0 : 1,
      details:
        withoutConsumer === 0
          ? null
          : `There are ${withoutConsumer} incomplete consumers table records for existing allocations. ${MIGRATE}`,
    },
    {
      name: 'Policy File JSON to YAML Migration',
      result: json ? 2 : 0,
      details: json
        ? 'Your policy file is JSON-formatted, which is deprecated upstream. It works here; `oslopolicy-convert-json-to-yaml` ' +
          'makes YAML of it.'
        : null,
    },
  ];
}

function hasJsonPolicy(config: Config): boolean {
  const [main] = locatePolicyFiles({ ...policyOptions(config), policyDirs: [] });
  if (main === undefined) return false;
  try {
    JSON.parse(fs.readFileSync(main.path, 'utf8'));
    return true;
  } catch {
    return false;
  }
}

function json(checks: readonly UpgradeCheck[]): string {
  return JSON.stringify({
    name: TITLE,
    checks: checks.map(({ name, result, details }) => ({ check: name, result, details })),
  });
}

function table(checks: readonly UpgradeCheck[]): string {
  const cells = checks.map(({ name, result, details }) => [
    `Check: ${name}`,
    `Result: ${RESULTS[result]}`,
    ...`Details: ${details === null ? 'None' : wrapped(details)}`.split('\n'),
  ]);
  const width = Math.max(TITLE.length, ...cells.flat().map((line) => line.length));
  const rule = `+${'-'.repeat(width + 2)}+`;
  const box = (lines: readonly string[]): string[] => [...lines.map((line) => `| ${line.padEnd(width)} |`), rule];
  return [rule, ...box([TITLE]), ...cells.flatMap(box)].join('\n');
}

/** Wraps a text at 60 characters, and indents the lines after the first one. */
function wrapped(text: string): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line === '') lines[0] = word;
    else if (line.length + 1 + word.length <= 60) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(`  ${word}`);
  }
  return lines.join('\n');
}
