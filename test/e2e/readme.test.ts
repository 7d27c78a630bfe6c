import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createTestDatabase } from '../support/database.js';
import { folderWithDuckdb } from '../support/duckdb.js';
import { sectionOf } from '../support/documents.js';
import { patience } from '../support/patience.js';
import { cleanUp, ROOT, startProcess, temporaryFolder } from '../support/process.js';

/** What the README and the first steps show is what happens. */
describe('the README', () => {
  const readme = readFileSync(path.join(ROOT, 'README.md'), 'utf8');
  after(cleanUp);

  it('shows a tour whose commands print what it says, up to the sums of a list in DuckDB', async function () {
    const database = { OS_PLACEMENT_DATABASE__CONNECTION: await createTestDatabase() };
    const run = startProcess(['--port', '0'], database);
    const { url } = await run.listening();
    const tour =
      readFileSync(path.join(ROOT, 'docs/how-to/first-steps.md'), 'utf8') + sectionOf(readme, 'Inventory lists');
    const commands = blocks(tour, 'sh');
    const outputs = blocks(tour, 'text');
    assert.ok(commands.length >= 5);
    assert.equal(commands.length, outputs.length, 'each command is followed by its output');
    // One shell, as the reader has one; the port, the database and the folder of lists are all that differs.
    const script = commands
      .join("\necho '-- next --'\n")
      .replaceAll('http://127.0.0.1:8778', url)
      .replaceAll('/tmp/stock', await temporaryFolder());
    assert.ok(script.includes(url));
    const env = { ...process.env, ...database, PATH: `${await folderWithDuckdb()}:${process.env['PATH']}` };
    const printed = execFileSync('bash', ['-c', script], { cwd: ROOT, env, encoding: 'utf8' }).split('-- next --\n');
    assert.deepEqual(printed.map(comparable), outputs.map(comparable));
    run.signal('SIGTERM');
    assert.equal(await run.ended(), 0);
  });

  it('leads to a page that shows how to embed the service, in six lines that work', () => {
    const page = 'docs/how-to/use-in-a-test-suite.md';
    assert.ok(readme.includes(`(${page})`));
    const [snippet = ''] = blocks(readFileSync(path.join(ROOT, page), 'utf8'), 'js');
    assert.ok(snippet.trim().split('\n').length <= 6);
    // From within the package its own name leads to what others would import.
    execFileSync(process.execPath, ['--input-type=module', '--eval', snippet], {
      cwd: ROOT,
      stdio: 'pipe',
      timeout: patience(25_000),
    });
  });

  it('names commands that exist', () => {
    const { scripts } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { scripts: object };
    for (const [, name = ''] of readme.matchAll(/npm run ([\w:]+)/g)) assert.ok(name in scripts, name);
    for (const command of ['npm ci && npm start', 'npm ci && npm test'])
      assert.ok(readme.includes(`\n    ${command}\n`));
    const ci = readFileSync(path.join(ROOT, '.ci/run'), 'utf8');
    for (const line of ['step npm ci', 'counted npm test', 'step npm run lint'])
      assert.ok(ci.includes(`\n${line}\n`), line);
  });

  it('is right about npm start: it builds, serves the first curl line, and ends well', async () => {
    const npm = spawn('npm', ['start', '--', '--port', '0', '--data-dir', await temporaryFolder()], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [output, errors] = ['', ''];
    npm.stderr.on('data', (text: Buffer) => (errors += text.toString()));
    const command = await new Promise<string>((resolve, reject) => {
      npm.stdout.on('data', (text: Buffer) => {
        output += text.toString();
        const found = /^Try: (curl .*)\n/m.exec(output)?.[1];
        if (found !== undefined) resolve(found);
      });
      npm.once('close', () => {
        reject(new Error(output + errors));
      });
    });
    assert.equal(
      execFileSync('bash', ['-c', command], { encoding: 'utf8', stdio: 'pipe' }),
      '{"resource_providers": []}',
    );
    npm.kill('SIGTERM');
    await once(npm, 'close');
    assert.match(errors, /finishing the requests that have begun/);
  });
});

function blocks(text: string, language: string): string[] {
  return [...text.matchAll(/^```(\w+)\n([^]*?)^```$/gm)]
    .filter(([, kind]) => kind === language)
    .map(([, , code]) => code ?? '');
}

/** Request ids differ, and so does white space around an output. */
function comparable(output: string): string {
  return output.trim().replaceAll(/req-[0-9a-f-]{36}/g, 'req-...');
}
