import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { claim } from '../support/claims.js';
import {
  AZ1,
  consoleUrl,
  consumerUuid,
  fillConsoleWorld,
  openConsole,
  openPage,
  PAGES,
  providerUuid,
  setTraits,
  signIn,
  WHY,
  type Watched,
} from '../support/console.js';
import { axeFindings, startBrowser } from '../support/browser.js';
import { patience } from '../support/patience.js';
import { setInventories, startTestService, type TestService } from '../support/service.js';
import { until } from '../support/until.js';

describe('the console in a browser', function () {
  this.timeout(patience(120_000));
  let service: TestService | undefined;
  let browser: Browser | undefined;
  let folder = '';
  const contexts: BrowserContext[] = [];
  const origin = (): string => service!.url;

  before(async function () {
    browser = await startBrowser(this);
    folder = await mkdtemp(path.join(os.tmpdir(), 'stockroom-console-'));
    service = await startTestService({
      config: {
        listsWorker: true,
        listsDir: folder,
        listsSpool: folder,
        capacityShape: ['m1.large resources=VCPU:2,MEMORY_MB:4096', 'gpu.large resources=VGPU:4'],
      },
    });
    const { api } = service;
    await fillConsoleWorld(api);
    const job = { enabled: true, schedule: { frequency: 'daily' }, destination: { bucket: 'local' } };
    await api.put('/stockroom/lists/nightly', job).expect(201);
    await until('the shapes are counted', async () => {
      const { body } = await api.get('/stockroom/overview').expect(200);
      return (body as { shapes: readonly unknown[] }).shapes.length === 2;
    });
    await until('the first list is written', async () => {
      const { body } = await api.get('/stockroom/lists/nightly').expect(200);
      return (body as { last_run: { state: string } | null }).last_run?.state === 'succeeded';
    });
  });
  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
  });
  after(async () => {
    await browser?.close();
    await service?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** A tab of its own. What the browser complains of is in `problems`. */
  async function tab(width = 1366): Promise<Watched> {
    const watched = await openConsole(browser!, origin(), { width });
    contexts.push(watched.context);
    return watched;
  }

  for (const width of [1366, 360]) {
    it(`has nothing that axe or the browser objects to on any page, at ${width} pixels, light and dark`, async () => {
      const { page, problems } = await tab(width);
      const found: string[] = [];
      const look = async (name: string): Promise<void> => {
        if (await isTooWide(page)) found.push(`${name} is wider than the screen`);
        for (const colorScheme of ['dark', 'light'] as const) {
          await page.emulateMedia({ colorScheme });
          found.push(...(await axeFindings(page)).map((finding) => `${name}, ${colorScheme}: ${finding}`));
        }
      };
      await page.goto(consoleUrl(origin()));
      await page.getByText('This service believes').waitFor();
      await look('sign-in');
      await signIn(page, origin());
      for (const { name, fragment, shows } of PAGES) {
        await openPage(page, origin(), fragment, shows);
        await look(name);
      }
      assert.deepEqual(found, []);
      assert.deepEqual(problems, []);
    });
  }

  it('shows the numbers of the API', async () => {
    const { page } = await tab();
    await signIn(page, origin());
    const { body: overview } = await service!.api.get('/stockroom/overview').expect(200);
    const { classes, providers, trees } = overview as {
      classes: readonly { name: string; used: number; capacity: number; providers: number }[];
      providers: number;
      trees: number;
    };
    assert.deepEqual([providers, trees], [9, 6]);
    await page.getByRole('rowheader', { name: 'VCPU' }).waitFor();
    for (const { name, used, capacity, providers: having } of classes) {
      if (name === 'MEMORY_MB') continue;
      const cells = await page
        .getByRole('row')
        .filter({ has: page.getByRole('rowheader', { name }) })
        .getByRole('cell')
        .allInnerTexts();
      assert.deepEqual(
        [cells[2], cells[3], cells[5]],
        [used, capacity, having].map((value) => value.toLocaleString('en-US')),
        name,
      );
    }
    const memory = page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: 'MEMORY_MB' }) });
    assert.equal(await memory.getByRole('cell').nth(2).getAttribute('title'), '106,496 MiB');
    assert.match(await page.getByRole('row').filter({ hasText: 'm1.large' }).innerText(), /28/);
  });

  it('lets the keyboard alone sign in, find a host, ask why, try a change, see candidates, and sign out', async () => {
    const { page, problems } = await tab();
    await page.goto(consoleUrl(origin()));
    await page.getByLabel('Token').waitFor();
    await tabTo(page, "document.activeElement.name === 'token'");
    await page.keyboard.type('admin');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await press(page, 'link', 'Providers');
    await page.getByRole('heading', { name: 'Providers' }).waitFor();
    assert.equal(await page.evaluate('document.activeElement.id'), 'title');
    await tabTo(page, "document.activeElement.closest('label')?.textContent === 'Name or uuid'");
    await page.keyboard.type('h1');
    await page.getByText('1 tree matches').waitFor();
    await press(page, 'link', 'h1');
    await page.getByRole('heading', { name: 'h1' }).waitFor();
    await press(page, 'link', 'Why?');
    await page.getByRole('heading', { name: 'Why?' }).waitFor();
    await tabTo(page, "document.activeElement.tagName === 'TEXTAREA'");
    await page.keyboard.type(WHY);
    await page.keyboard.press('Enter');
    await page.getByText('Nothing fits: none of 6 trees.').waitFor();
    await press(page, 'button', 'Try VCPU:4 in place of 8');
    await page.getByText('1 tree of 6 fits.').waitFor();
    await page.getByRole('region', { name: 'Candidates' }).getByRole('link', { name: 'h1' }).waitFor();
    await press(page, 'button', 'Sign out');
    await page.getByLabel('Token').waitFor();
    assert.deepEqual(problems, []);
  });

  it('moves in a tree as the tree pattern says', async () => {
    const { page } = await tab();
    await signIn(page, origin(), `/providers/${providerUuid(5)}`);
    const item = (name: string) => page.getByRole('treeitem', { name, exact: false });
    await item('numa-host_numa0_gpu0').waitFor();
    await page.getByRole('treeitem').first().focus();
    const focused = async (): Promise<string> => page.evaluate('document.activeElement.querySelector(".name")?.title');
    const steps: readonly (readonly [string, string])[] = [
      ['ArrowDown', 'numa-host_numa0'],
      ['ArrowRight', 'numa-host_numa0_gpu0'],
      ['ArrowLeft', 'numa-host_numa0'],
      ['ArrowLeft', 'numa-host_numa0'],
      ['ArrowDown', 'numa-host_numa1'],
      ['Home', 'numa-host'],
      ['End', 'numa-host_numa1'],
    ];
    for (const [key, name] of steps) {
      await page.keyboard.press(key);
      assert.equal(await focused(), name, key);
    }
    assert.equal(await item('numa-host_numa0').first().getAttribute('aria-expanded'), 'false');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'numa-host_numa1' }).waitFor();
  });

  it('keeps form and text of a query alike, and both in the address', async () => {
    const { page } = await tab();
    await signIn(page, origin(), `/why?${WHY}`);
    const text = page.getByLabel('Query, or the path');
    await page.getByText('Nothing fits').waitFor();
    await hasValue(text, WHY);
    await page.getByLabel('Amount 1 of Group').fill('4');
    await page.getByRole('button', { name: 'Remove CUSTOM_SSD from required traits' }).click();
    await hasValue(text, WHY.replace('VCPU:8', 'VCPU:4').replace('CUSTOM_SSD,', ''));
    await text.fill('/allocation_candidates?resources=DISK_GB:5&required=CUSTOM_SSD');
    await hasValue(page.getByLabel('Resource class 1 of Group'), 'DISK_GB');
    await page.getByRole('button', { name: 'Explain', exact: true }).click();
    await page.getByText('Nothing fits: none of 6 trees. None would').waitFor();
    assert.match(page.url(), /#\/why\?\/allocation_candidates\?resources=DISK_GB:5&required=CUSTOM_SSD$/);
    // The address is enough for a colleague: a reload shows the same.
    await page.reload();
    await page.getByText('Nothing fits: none of 6 trees. None would').waitFor();
    await page.getByRole('textbox', { name: 'Why not this host' }).fill('h3');
    await page.getByRole('button', { name: 'Explain it, too' }).click();
    await page.getByRole('region', { name: 'Nearest trees' }).getByRole('link', { name: 'h3' }).waitFor();
  });

  it('copies what is seen as a request without the token, which works', async () => {
    const { page, context } = await tab();
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await signIn(page, origin(), '/capacity?resources=VCPU:2');
    await page.getByText('more fit').waitFor();
    await page.getByRole('button', { name: 'As request' }).click();
    await page.getByText('Copied.').waitFor();
    const command: string = await page.evaluate('navigator.clipboard.readText()');
    assert.doesNotMatch(command, /admin/);
    const { stdout } = await promisify(execFile)('sh', ['-c', command], { env: { ...process.env, OS_TOKEN: 'admin' } });
    assert.equal((JSON.parse(stdout) as { version: string }).version, '1.39');
  });

  it('shows names of others as text, whatever they are', async () => {
    const names = ['<img src=x onerror=alert(1)>', `"quotes' &amp; <b>`, 'مضيف-٧', '🖥'.repeat(100)];
    for (const name of names) await service!.api.post('/resource_providers', { name }).expect(200);
    const { page, problems } = await tab(360);
    await signIn(page, origin(), '/providers');
    for (const name of names) await page.getByTitle(name, { exact: true }).waitFor({ state: 'attached' });
    assert.equal(await page.locator('main img').count(), 0);
    assert.equal(await isTooWide(page), false);
    await page.getByTitle(names[0]!, { exact: true }).click();
    await page.getByRole('heading', { name: names[0]! }).waitFor();
    assert.deepEqual(problems, []);
    const { body } = await service!.api.get('/resource_providers').expect(200);
    const { resource_providers: all } = body as { resource_providers: readonly { uuid: string; name: string }[] };
    for (const { uuid, name } of all)
      if (names.includes(name)) await service!.api.delete(`/resource_providers/${uuid}`).expect(204);
  });

  it('has only sign-in and Health for those without a token, and keeps the token to its tab', async () => {
    const { page, context } = await tab();
    const urls: string[] = [];
    page.on('request', (request) => urls.push(request.url()));
    await page.goto(consoleUrl(origin(), '/health'));
    await page.getByText(/The service is (not )?ready/).waitFor();
    assert.deepEqual(await page.getByRole('navigation').getByRole('link').allInnerTexts(), ['Health']);
    // noauth2 says what a token is.
    await page.goto(consoleUrl(origin(), '/changes'));
    await page.getByText('any word is a token').waitFor();
    await page.getByLabel('Token').fill('admin:token-of-the-test');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Changes' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Changes' }).waitFor();
    assert.deepEqual(
      urls.filter((url) => url.includes('token-of-the-test')),
      [],
    );
    assert.equal(await page.evaluate('JSON.stringify(localStorage) + document.cookie'), '{}');
    const second = await context.newPage();
    await second.goto(consoleUrl(origin()));
    await second.getByLabel('Token').waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Token').waitFor();
    assert.equal(await page.evaluate('sessionStorage.length'), 0);
  });

  it('offers nothing that ends in 403', async () => {
    const { page, problems } = await tab();
    await page.goto(consoleUrl(origin(), '/providers'));
    await page.getByLabel('Token').fill('reader-of-a-project');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('stockroom:overview').waitFor();
    const entries = await page.getByRole('navigation').getByRole('link').allInnerTexts();
    for (const name of ['Overview', 'Providers', 'Why?', 'Capacity', 'Changes', 'Lists']) {
      assert.ok(!entries.includes(name), `${name} is offered`);
    }
    assert.deepEqual(problems, []);
  });

  it('follows a claim that is made meanwhile, and opens it', async () => {
    const { page } = await tab();
    await signIn(page, origin(), '/changes');
    await page.getByText('h1').first().waitFor();
    await page.getByLabel('follow').check();
    await page.getByText('Waiting for changes.').waitFor();
    const consumer = 'c0000000-0000-4000-8000-000000000001';
    await claim(service!.api, { [providerUuid(2)]: { VCPU: 3 } }, { consumer }).expect(204);
    await page.getByText('1 new change since').waitFor();
    const first = page.getByRole('listitem').filter({ hasText: 'c0000000 on h2' }).first();
    await first.locator('summary').click();
    await first.getByText('PUT /allocations/{consumer_uuid}').waitFor();
    await first.getByRole('link', { name: 'c0000000…' }).click();
    await page.getByRole('heading', { name: 'Consumer' }).waitFor();
    await page.getByRole('region', { name: 'Allocations' }).getByText('VCPU 3').waitFor();
    await service!.api.delete(`/allocations/${consumer}`).expect(204);
  });

  it('shows how a list went, and saves its files', async () => {
    const { page, problems } = await tab();
    await signIn(page, origin(), '/lists');
    await page.getByRole('link', { name: 'nightly' }).click();
    await page.getByRole('button', { name: 'Files of run 1' }).waitFor();
    await service!.api.post('/stockroom/lists/nightly/runs').expect(202);
    await until('the second run is written', async () => {
      await page.getByRole('button', { name: 'Refresh' }).click();
      return page.getByRole('button', { name: 'Files of run 2' }).isVisible();
    });
    await page.getByRole('button', { name: 'Files of run 2' }).click();
    const [manifest, checksum] = [await saved(page, 'manifest.json'), await saved(page, 'manifest.checksum')];
    assert.equal(createHash('md5').update(manifest).digest('hex'), checksum.toString());
    const [part] = (
      JSON.parse(manifest.toString()) as { files: readonly { key: string; size: number; MD5checksum: string }[] }
    ).files;
    const bytes = await saved(page, path.basename(part!.key));
    assert.equal(bytes.length, part!.size);
    assert.equal(createHash('md5').update(bytes).digest('hex'), part!.MD5checksum);
    assert.deepEqual(problems, []);
  });

  it('opens a tree below its row, a change, and the files of a list by keyboard alone', async () => {
    const { page, problems } = await tab();
    await signIn(page, origin(), '/providers');
    await press(page, 'button', 'Providers of the tree numa-host');
    await page.getByRole('treeitem', { name: 'numa-host_numa0_gpu0', exact: false }).last().waitFor();
    await tabTo(page, "document.activeElement.getAttribute('role') === 'treeitem'");
    await page.keyboard.press('End');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'numa-host_numa1' }).waitFor();
    await press(page, 'link', 'Changes');
    await page.getByRole('heading', { name: 'Changes' }).waitFor();
    await tabTo(page, "document.activeElement.tagName === 'SUMMARY'");
    await page.keyboard.press('Enter');
    await page.locator('details[open]').getByText('route').waitFor();
    await press(page, 'link', 'Lists');
    await press(page, 'link', 'nightly');
    await press(page, 'button', 'Files of run 1');
    await page.getByRole('button', { name: 'Download manifest.json' }).waitFor();
    assert.deepEqual(problems, []);
  });

  it('says when a consumer holds on two trees, and leaves out what is shared', async () => {
    const consumer = 'c2000000-0000-4000-8000-000000000001';
    const { page } = await tab();
    await claim(
      service!.api,
      { [providerUuid(2)]: { VCPU: 1 }, [providerUuid(9)]: { DISK_GB: 1 } },
      { consumer },
    ).expect(204);
    await signIn(page, origin(), `/consumers/${consumer}`);
    const allocations = page.getByRole('region', { name: 'Allocations' });
    await allocations.getByText('shares', { exact: true }).waitFor();
    assert.equal(await page.getByText('It holds on').count(), 0);
    const held = { [providerUuid(2)]: { VCPU: 1 }, [providerUuid(7)]: { PCPU: 1 }, [providerUuid(9)]: { DISK_GB: 1 } };
    await claim(service!.api, held, { consumer, consumer_generation: 1 }).expect(204);
    await page.getByRole('button', { name: 'Refresh' }).click();
    await page.getByText(/It holds on 2 trees: (h2, numa-host|numa-host, h2)\./).waitFor();
    await allocations.getByRole('link', { name: 'numa-host', exact: true }).waitFor();
    await service!.api.delete(`/allocations/${consumer}`).expect(204);
  });

  it('leads from what needs a look to the providers and the consumers of it', async () => {
    const other = await startTestService();
    try {
      const make = async (name: string): Promise<string> => {
        const { body } = await other.api.post('/resource_providers', { name }).expect(200);
        return (body as { uuid: string }).uuid;
      };
      const [full, free] = [await make('full-host'), await make('free-host')];
      await make('empty-host');
      for (const uuid of [full, free]) await setInventories(other.api, uuid, { VCPU: { total: 8 } });
      const consumer = 'c3000000-0000-4000-8000-000000000001';
      await claim(other.api, { [full]: { VCPU: 4 }, [free]: { VCPU: 4 } }, { consumer }).expect(204);
      await setInventories(other.api, full, { VCPU: { total: 3 } });
      const watched = await openConsole(browser!, other.url, { width: 1366 });
      contexts.push(watched.context);
      const { page, problems } = watched;
      await signIn(page, other.url);
      for (const [link, name] of [
        ['1 provider over capacity', 'full-host'],
        ['1 provider without inventory', 'empty-host'],
      ] as const) {
        await page.getByRole('link', { name: link }).click();
        await page.getByText('1 tree matches, 1 shown').waitFor();
        await page.getByRole('rowheader', { name }).waitFor();
        await page.goBack();
      }
      await page.getByText('1 consumer on two trees: c3000000…').waitFor();
      await page.getByRole('link', { name: 'c3000000…' }).click();
      await page.getByText('It holds on 2 trees').waitFor();
      assert.deepEqual(problems, []);
    } finally {
      await other.close();
    }
  });

  it('counts what fits, looks up a consumer, and reads Health by keyboard alone', async () => {
    const { page, problems } = await tab();
    await signIn(page, origin(), '/capacity');
    await tabTo(page, "document.activeElement.tagName === 'TEXTAREA'");
    await page.keyboard.type('resources=VCPU:2');
    await page.keyboard.press('Enter');
    await page.getByRole('region', { name: 'By tree' }).getByRole('link', { name: 'h4' }).waitFor();
    await press(page, 'link', 'Consumers');
    await page.getByRole('heading', { name: 'Consumers' }).waitFor();
    await tabTo(page, "document.activeElement.closest('label')?.textContent === 'Consumer uuid'");
    await page.keyboard.type(consumerUuid(1));
    await page.keyboard.press('Enter');
    await page.getByRole('region', { name: 'Allocations' }).getByText('VCPU 12').waitFor();
    await press(page, 'link', 'h1');
    await page.getByRole('heading', { name: 'h1' }).waitFor();
    await press(page, 'link', 'Health');
    await page.getByText(/The service is (not )?ready/).waitFor();
    await press(page, 'button', 'Refresh');
    assert.deepEqual(problems, []);
  });

  it('says in Health for how long the process is up, and how large the history is', async () => {
    const { page } = await tab();
    await signIn(page, origin());
    await page.getByRole('link', { name: 'Health' }).click();
    const { body } = await service!.api.get('/stockroom/overview').expect(200);
    const { process: running } = body as { process: { version: string } };
    await page.getByText(`Stockroom ${running.version}, up for`).waitFor();
    const history = page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: 'History' }) });
    assert.match(await history.innerText(), /recorded\s+all changes since \d{4}-\d\d-\d\d .*, \d+ KiB/);
  });

  it('pages long lists by the service, and asks for no more than what is shown', async () => {
    const large = await startTestService();
    try {
      const names = Array.from({ length: 120 }, (_, index) => `row-${String(index).padStart(3, '0')}`);
      for (const name of names) await large.api.post('/resource_providers', { name }).expect(200);
      const watched = await openConsole(browser!, large.url, { width: 1366 });
      contexts.push(watched.context);
      const { page } = watched;
      const pages: string[][] = [];
      page.on('response', (response) => {
        if (!new URL(response.url()).pathname.endsWith('/stockroom/providers')) return;
        void response.json().then(({ trees }: { trees: readonly { name: string }[] }) => {
          pages.push(trees.map(({ name }) => name));
        });
      });
      await signIn(page, large.url, '/providers');
      await page.getByText('120 trees match, 50 shown').waitFor();
      for (const shown of [100, 120]) {
        await page.getByRole('button', { name: 'More', exact: true }).click();
        await page.getByText(`120 trees match, ${shown} shown`).waitFor();
      }
      assert.equal(await page.getByRole('button', { name: 'More', exact: true }).count(), 0);
      assert.deepEqual(
        pages.map(({ length }) => length),
        [50, 50, 20],
      );
      assert.deepEqual(pages.flat(), names);
    } finally {
      await large.close();
    }
  });

  it('says when it has read what it shows, however long ago that has changed', async () => {
    const { page } = await tab();
    await signIn(page, origin());
    const read = new Date('2026-01-02T03:04:05Z');
    await page.route(`**/resource_providers/${providerUuid(1)}/allocations`, async (route) => {
      const response = await route.fetch();
      const headers = { ...response.headers(), date: read.toUTCString(), 'last-modified': new Date(0).toUTCString() };
      await route.fulfill({ response, headers });
    });
    await openPage(page, origin(), `/providers/${providerUuid(1)}`, 'HW_CPU_X86_AVX2');
    const age = await page.getByText(/^as of /).innerText();
    const [minutes, seconds] = [read.getMinutes(), read.getSeconds()].map((part) => String(part).padStart(2, '0'));
    assert.match(age, new RegExp(`:${minutes}:${seconds}$`));
  });

  it('shows a provider with its consumers, and who they are', async () => {
    const { page } = await tab();
    await signIn(page, origin(), `/providers/${providerUuid(1)}`);
    await page.getByRole('button', { name: `Look up the consumer ${consumerUuid(1)}` }).click();
    await page.getByText('INSTANCE, project p1').waitFor();
    await page.getByRole('link', { name: 'a1000000…' }).click();
    await page.getByText('3 trees match').waitFor();
    assert.equal(await page.getByLabel('Aggregate').inputValue(), AZ1);
    await setTraits(service!.api, providerUuid(2), ['HW_CPU_X86_AVX2']);
  });

  /** The bytes of a file that the page saves. */
  async function saved(page: Page, name: string): Promise<Buffer> {
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: `Download ${name}` }).click(),
    ]);
    assert.equal(file.suggestedFilename(), name);
    return readFile(await file.path());
  }
});

/** The page draws a moment after it hears of a change. */
async function hasValue(field: Locator, value: string): Promise<void> {
  await until(`a field has ${value}`, async () => (await field.inputValue()) === value);
}

/** Whether the page scrolls sideways. */
function isTooWide(page: Page): Promise<boolean> {
  return page.evaluate('document.documentElement.scrollWidth > document.documentElement.clientWidth');
}

/** Presses the tabulator until an expression holds. */
async function tabTo(page: Page, expression: string): Promise<void> {
  for (let presses = 0; presses < 150; presses += 1) {
    if (await page.evaluate(expression)) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`the keyboard does not get to ${expression}`);
}

/** Goes to a link or button by the keyboard, and presses it. */
async function press(page: Page, role: 'link' | 'button', name: string): Promise<void> {
  await page.getByRole(role, { name, exact: true }).first().waitFor();
  const tag = role === 'link' ? 'A' : 'BUTTON';
  const label = `(document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent)`;
  await tabTo(page, `document.activeElement.tagName === '${tag}' && ${label} === ${JSON.stringify(name)}`);
  await page.keyboard.press('Enter');
}
