import assert from 'node:assert/strict';
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { flagsOf, programOf } from '../../../src/cli/program.js';
import { orphansArguments } from '../../../src/cli/orphans/arguments.js';
import { readArguments } from '../../../src/config/arguments.js';

const ONE = '90000001-0000-4000-8000-000000000001';
const TWO = '90000002-0000-4000-8000-000000000001';

describe('the command line of stockroom audit orphans', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'stockroom-orphans-'));
    const file = async (name: string, text: string, time: string): Promise<void> => {
      await writeFile(path.join(folder, name), text);
      await utimes(path.join(folder, name), new Date(time), new Date(time));
    };
    await file('live', `${ONE}\r\n\n"${TWO}","h,2"\n`, '2026-11-25T21:00:00Z');
    await file('migrations', `${TWO}\n`, '2026-11-25T20:00:00Z');
    await file('table', `| ${ONE} |\n`, '2026-11-25T21:00:00Z');
  });
  after(() => rm(folder, { recursive: true }));

  const read = (...args: string[]) => {
    const files = args.map((one) => (/^(live|migrations|table|absent)$/.test(one) ? path.join(folder, one) : one));
    return orphansArguments(readArguments(['audit', 'orphans', ...files], flagsOf(programOf('stockroom'))));
  };

  it('becomes the body of the request', async () => {
    const question = await read('--live', 'live');
    assert.deepEqual(question, {
      body: {
        live: [ONE, { consumer: TWO, provider: 'h,2' }],
        also_live: [],
        taken_at: '2026-11-25T21:00:00.000Z',
        older_than: 900,
        consumer_types: null,
        resource_classes: null,
        expect_at_most: null,
      },
      olderThan: 900,
      save: null,
      isDeletion: false,
      isAgreed: false,
    });
    const full = ['--also-live', 'migrations', '--older-than', '2h', '--type', 'INSTANCE', '--type', 'none'];
    const more = ['--class', 'VCPU', '--class', 'PCPU', '--expect-at-most', '7', '--save', 'x', '--delete', '--yes'];
    const { body, ...rest } = await read('--live', 'live', ...full, ...more);
    assert.deepEqual(body, {
      ...question.body,
      also_live: [TWO],
      // The older of the two files.
      taken_at: '2026-11-25T20:00:00.000Z',
      older_than: 7200,
      consumer_types: ['INSTANCE', null],
      resource_classes: ['VCPU', 'PCPU'],
      expect_at_most: 7,
    });
    assert.deepEqual(rest, { olderThan: 7200, save: 'x', isDeletion: true, isAgreed: true });
    const all = await read(
      '--live',
      'live',
      '--class',
      'all',
      '--older-than=90s',
      '--taken-at',
      '2026-11-25T22:00:00+01:00',
    );
    assert.deepEqual(all.body, { ...question.body, resource_classes: [], older_than: 90 });
  });

  const WRONG: [args: string[], says: RegExp][] = [
    [[], /needs --live FILE/],
    [['--live', 'live', '--delete'], /--delete needs --save FILE/],
    [['--live', '-', '--delete', '--save', 'x'], /--delete needs --yes/],
    [['--live', 'live', '--older-than', 'soon'], /--older-than needs an age .* got 'soon'/],
    [['--live', 'live', '--taken-at', 'now'], /--taken-at needs a time .* got 'now'/],
    [['--live', 'live', '--expect-at-most=-1'], /--expect-at-most needs a whole number, got '-1'/],
    [['--live', '-', '--also-live', '-'], /cannot both be standard input/],
    [['--live', 'table'], /table, line 1: expected a UUID, .* got "\| 9/],
    [['--live', 'live', '--also-live', 'absent'], /--also-live .*absent cannot be read: ENOENT/],
  ];
  for (const [args, says] of WRONG) {
    it(`is rejected, and says why: ${args.join(' ')}`, () => assert.rejects(read(...args), says));
  }
});
