import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { progressText, terminalProgress } from '../../src/cli/terminal-progress.js';
import { createEmptyDatabase, createTestDatabase } from '../support/database.js';
import { folderWithDuckdb } from '../support/duckdb.js';
import { cleanUp, runToEnd, startProcess, temporaryFolder } from '../support/process.js';
import { createProvider, setInventories } from '../support/service.js';

const CONNECTION = 'OS_PLACEMENT_DATABASE__CONNECTION';

describe('stockroom lists now', function () {
  let connection: string;
  let dataDir: string;
  let bin: string;
  before(async () => {
    [connection, dataDir, bin] = [await createTestDatabase(), await temporaryFolder(), await folderWithDuckdb()];
    const run = startProcess(['--port', '0'], { [CONNECTION]: connection });
    const { api } = await run.listening();
    for (const name of ["h'1", 'h2', 'h3']) {
      await setInventories(api, await createProvider(api, name), { VCPU: { total: 8, allocation_ratio: 2 } });
    }
    run.signal('SIGTERM');
    await run.ended();
  });
  after(cleanUp);

  const now = (...args: string[]) =>
    runToEnd(['lists', 'now', '--data-dir', dataDir, ...args], { [CONNECTION]: connection });

  /** Times, minutes and uuids differ. */
  function comparable(output: string): string {
    return output
      .replaceAll(dataDir, 'DATA')
      .replaceAll(/\d{4}-\d\d-\d\dT\d\d-\d\dZ/g, 'MINUTE')
      .replaceAll(/[0-9a-f]{8}\*/g, 'UUID*')
      .replaceAll(/in [\d.]+ s\./g, 'in N s.');
  }

  /** What a shell prints when the last line of an output is pasted into it. */
  function pasted(output: string): string {
    const line = output.trimEnd().split('\n').at(-1)!;
    return execFileSync('bash', ['-c', line], { encoding: 'utf8', env: { PATH: `${bin}:${process.env['PATH']}` } });
  }

  it('writes a list with nothing configured but the database, and prints a DuckDB line that works when pasted', async () => {
    const { code, output, errors } = await now();
    assert.deepEqual([code, errors], [0, '']);
    assert.equal(
      comparable(output),
      "h'1 and 2 other trees: 3 rows in N s.\n" +
        'DATA/lists/placement/now/MINUTE/manifest.json\n\n' +
        `  duckdb -c "select ResourceClass, sum(Used), sum(Capacity) from 'DATA/lists/placement/now/data/UUID*.parquet' group by all"\n`,
    );
    assert.equal(pasted(output), 'ResourceClass,sum(Used),sum(Capacity)\nVCPU,0,48\n');
    assert.deepEqual(readdirSync(path.join(dataDir, 'lists-spool')), []);
  });

  it('takes a folder, CSV, a prefix, fields and versions, and prints a line that fits', async () => {
    const to = path.join(dataDir, `a folder's "$lists"`);
    const { code, output } = await now(
      '--to',
      to,
      '--format',
      'csv',
      '--prefix',
      'h2',
      '--fields',
      'Free, Total',
      '--versions',
      'all',
    );
    assert.equal(code, 0);
    const [first, manifest = ''] = output.split('\n');
    assert.match(first!, /^h2: 1 row in [\d.]+ s\.$/);
    assert.ok(manifest.startsWith(`${to}/placement/now/`) && existsSync(manifest));
    assert.match(
      pasted(output),
      /^Bucket,Key,VersionId,IsLatest,IsDeleteMarker,Total,Free\nplacement,h2\/VCPU,\d+,true,false,8,16\n$/,
    );
  });

  it('says so when the list is empty, and prints no query over no file', async () => {
    const { code, output } = await now('--prefix', 'nothing');
    assert.equal(code, 0);
    assert.equal(
      comparable(output),
      'No inventory has such a key: the list is empty.\nDATA/lists/placement/now/MINUTE/manifest.json\n',
    );
  });

  it('takes the next minute when there is a list of this one, also when several run at once', async () => {
    const to = await temporaryFolder();
    const runs = await Promise.all([1, 2, 3].map(() => now('--to', to)));
    runs.push(await now('--to', to));
    assert.deepEqual(
      runs.map(({ code, errors }) => [code, errors]),
      runs.map(() => [0, '']),
    );
    const manifests = runs.map(({ output }) => output.split('\n')[1]!).sort();
    assert.deepEqual(
      manifests,
      readdirSync(path.join(to, 'placement/now'))
        .filter((name) => name !== 'data')
        .sort()
        .map((minute) => path.join(to, 'placement/now', minute, 'manifest.json')),
    );
    assert.equal(new Set(manifests).size, 4);
  });

  it('rejects what makes no sense with exit code 2, naming the choices', async () => {
    for (const [args, message] of [
      [['--format', 'orc'], /^--format: expected parquet or csv, got 'orc'\.$/m],
      [['--versions', 'old'], /^--versions: expected current or all, got 'old'\.$/m],
      [['--fields', 'Usedd'], /^--fields: there is no field 'Usedd'\. Did you mean Used\?\nThere are Size, /m],
      [['--prefix', 'x'.repeat(1025)], /^--prefix: expected at most 1024 bytes, got 1025\.$/m],
    ] as const) {
      const { code, output, errors } = await now(...args);
      assert.deepEqual([code, output], [2, '']);
      assert.match(errors, message);
    }
    const { code, errors } = await runToEnd(['lists', 'now'], {
      [CONNECTION]: connection,
      OS_STOCKROOM__LISTS_LOCAL: 'false',
    });
    assert.equal(code, 2);
    assert.match(errors, /^Say where the list goes, with --to FOLDER/m);
  });

  it('exits with 3 when the database cannot be read, and with 1 when the list cannot be written', async () => {
    const away = await runToEnd(['lists', 'now', '--data-dir', dataDir], {
      [CONNECTION]: 'postgresql://u:hunter2@127.0.0.1:1/d',
    });
    assert.equal(away.code, 3);
    assert.match(away.errors, /^The database at postgresql:\/\/u@127\.0\.0\.1:1\/d cannot be used: /);
    const empty = await runToEnd(['lists', 'now', '--data-dir', dataDir], {
      [CONNECTION]: await createEmptyDatabase(),
    });
    assert.equal(empty.code, 3);
    assert.match(empty.errors, /^The database has no tables of Stockroom\./);
    const none = await runToEnd(['lists', 'now', '--data-dir', await temporaryFolder()]);
    assert.equal(none.code, 3);
    assert.match(none.errors, /connection is missing/);
    const file = path.join(dataDir, 'a-file');
    writeFileSync(file, '');
    const unwritable = await now('--to', file);
    assert.equal(unwritable.code, 1);
    assert.match(unwritable.errors, /^(FolderUnusable|InvalidKey): /);
    assert.deepEqual(readdirSync(path.join(dataDir, 'lists-spool')), []);
  });

  describe('and stockroom lists verify', () => {
    let folder: string;
    let manifest: string;
    beforeEach(async () => {
      folder = await temporaryFolder();
      manifest = (await now('--to', folder, '--format', 'csv')).output.split('\n')[1]!;
    });

    const verify = (file: string) => runToEnd(['lists', 'verify', file], {});
    const part = (): string =>
      path.join(folder, 'placement/now/data', readdirSync(path.join(folder, 'placement/now/data'))[0]!);

    it('find a good list good, in both formats', async () => {
      const good =
        /^List now of placement, taken at \d{4}-\S+Z: 3 rows in 1 part, [\d,]+ bytes\.\nAll is as the manifest says\.\n$/;
      for (const file of [manifest, (await now('--to', folder)).output.split('\n')[1]!]) {
        const { code, output, errors } = await verify(file);
        assert.deepEqual([code, errors], [0, '']);
        assert.match(output, good);
        for (const line of output.split('\n')) assert.ok(line.length <= 100);
      }
    });

    it('name what is not as the manifest says, with exit code 1', async () => {
      const bytes = readFileSync(part());
      const damages: [() => void, RegExp][] = [
        [
          () => {
            rmSync(part());
          },
          /\.csv\.gz: it cannot be read: ENOENT\.$/m,
        ],
        [
          () => {
            writeFileSync(part(), bytes.subarray(1));
          },
          /\.csv\.gz: expected \d+ bytes, got \d+\.$/m,
        ],
        [
          () => {
            const damaged = Buffer.from(bytes);
            damaged[20]! ^= 0xff;
            writeFileSync(part(), damaged);
          },
          /\.csv\.gz: expected the MD5 [0-9a-f]{32}, got [0-9a-f]{32}\.$/m,
        ],
        [
          () => {
            rewrite('"rows":[3]', '"rows":[4]');
          },
          /expected 4 rows, got 3\.$/m,
        ],
        [
          () => {
            rewrite('/now/data/', '/other/data/');
          },
          /no key of a part of the list now of placement\.$/m,
        ],
        [
          () => {
            rewrite('"rows":[3]', '"rows":[]');
          },
          /^The manifest has 1 files and the rows of 0\.$/m,
        ],
        [
          () => {
            appendFileSync(manifest, ' ');
          },
          /^manifest\.checksum is not the MD5 of manifest\.json/m,
        ],
        [
          () => {
            rmSync(manifest.replace('.json', '.checksum'));
          },
          /^manifest\.checksum cannot be read \(ENOENT\): the list is not complete\.$/m,
        ],
      ];
      const [text, checksum] = [readFileSync(manifest), readFileSync(manifest.replace('.json', '.checksum'))];
      const name = part();
      for (const [damage, message] of damages) {
        damage();
        const { code, errors } = await verify(manifest);
        assert.equal(code, 1, String(message));
        assert.match(errors, message);
        writeFileSync(name, bytes);
        writeFileSync(manifest, text);
        writeFileSync(manifest.replace('.json', '.checksum'), checksum);
      }
    });

    it('exit with 3 when there is no manifest, or it is none', async () => {
      assert.equal((await verify(path.join(folder, 'none.json'))).code, 3);
      truncateSync(manifest);
      const { code, errors } = await verify(manifest);
      assert.equal(code, 3);
      assert.match(errors, /is no manifest: it is not JSON\.$/m);
      writeFileSync(manifest, '{"files": []}');
      assert.match((await verify(manifest)).errors, /is no manifest of Stockroom: it must have required property/);
    });

    function rewrite(from: string, to: string): void {
      const text = readFileSync(manifest, 'utf8');
      assert.ok(text.includes(from));
      writeFileSync(manifest, text.replace(from, to));
    }
  });
});

describe('progress on a terminal', () => {
  it('says rows, percent and the time that is left', () => {
    assert.equal(progressText(0, 104_000, 100), '104,000 rows to read');
    assert.equal(progressText(5000, 104_000, 500), '5,000 of 104,000 rows, 4 %');
    assert.equal(progressText(52_000, 104_000, 4000), '52,000 of 104,000 rows, 50 %, 4 s left');
    assert.equal(progressText(1000, 1_000_000, 4000), '1,000 of 1,000,000 rows, 0 %, 66 min 36 s left');
    assert.equal(progressText(104_000, 104_000, 8000), '104,000 of 104,000 rows, 100 %, 0 s left');
  });

  it('is one line that is written again at most five times a second, and nothing elsewhere', () => {
    for (const isTTY of [true, false]) {
      let [written, time] = ['', 0];
      const progress = terminalProgress({ isTTY, write: (text) => (written += text) }, () => time);
      for (time = 0; time < 1000; time += 10) progress.show(time, 1000);
      progress.clear();
      assert.equal(written.split('\r').length - 1, isTTY ? 6 : 0);
      assert.equal(written.endsWith('\r\u001b[K'), isTTY);
    }
  });
});
