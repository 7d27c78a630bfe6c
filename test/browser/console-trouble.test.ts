import assert from 'node:assert/strict';
import type { Browser, BrowserContext } from 'playwright-core';
import { axeFindings, startBrowser } from '../support/browser.js';
import { claim } from '../support/claims.js';
import {
  consoleUrl,
  consumerUuid,
  fillConsoleWorld,
  openConsole,
  providerUuid,
  signIn,
  type Watched,
} from '../support/console.js';
import { startFront, type Front } from '../support/prefix-proxy.js';
import { startKeystone, type FakeKeystone } from '../support/keystone.js';
import { patience } from '../support/patience.js';
import { startTestService, type TestService } from '../support/service.js';
import { until } from '../support/until.js';

describe('the console in trouble, in a browser', function () {
  this.timeout(patience(120_000));
  let browser: Browser | undefined;
  const contexts: BrowserContext[] = [];
  const closing: { close(): Promise<unknown> }[] = [];

  before(async function () {
    browser = await startBrowser(this);
  });
  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
    for (const one of closing.splice(0).reverse()) await one.close();
  });
  after(async () => {
    await browser?.close();
  });

  async function tab(origin: string): Promise<Watched> {
    const watched = await openConsole(browser!, origin);
    contexts.push(watched.context);
    return watched;
  }

  async function started(options: Parameters<typeof startTestService>[0] = {}): Promise<TestService> {
    const service = await startTestService(options);
    closing.push(service);
    return service;
  }

  async function front(): Promise<Front> {
    const made = await startFront('/cloud/placement');
    closing.push(made);
    return made;
  }

  it('works below a prefix behind a proxy, with the headers of the proxy believed and with CORS', async () => {
    const config = { enableProxyHeadersParsing: true, corsAllowedOrigin: ['https://dashboard.example'] };
    const service = await started({ config });
    await fillConsoleWorld(service.api);
    const proxy = await front();
    const { url } = proxy;
    proxy.pointAt(service.url);
    const { page, problems } = await tab(url);
    await signIn(page, url, '/providers');
    await page.getByRole('link', { name: 'numa-host' }).click();
    await page.getByRole('tree').waitFor();
    await page.getByRole('link', { name: 'Health' }).click();
    await page.getByText(/The service is (not )?ready/).waitFor();
    assert.deepEqual(problems, []);
  });

  it('says that the service is away, goes on when it is back, and misses no change meanwhile', async () => {
    const service = await started();
    await fillConsoleWorld(service.api);
    const proxy = await front();
    const { url } = proxy;
    proxy.pointAt(service.url);
    const { page } = await tab(url);
    await signIn(page, url, '/changes');
    await page.getByText('h1').first().waitFor();
    await page.getByLabel('follow').check();
    await page.getByText('Waiting for changes.').waitFor();
    proxy.pointAt(null);
    await page.getByText('The service cannot be reached since').waitFor();
    // Another process on the same database takes over; a claim comes before the page is back.
    const next = await started({ databaseUrl: service.databaseUrl });
    const consumer = 'c1000000-0000-4000-8000-000000000001';
    await claim(next.api, { [providerUuid(2)]: { VCPU: 3 } }, { consumer }).expect(204);
    proxy.pointAt(next.url);
    await page.getByText('The service cannot be reached since').waitFor({ state: 'detached' });
    await page.getByText('c1000000 on h2').waitFor();
    assert.equal(await page.getByText('c1000000 on h2').count(), 1);
    await page.getByText('Waiting for changes.').or(page.getByText('since the page was read')).waitFor();
  });

  it('asks for a new token in the middle, and goes on with what the reader wanted', async () => {
    const keystone: FakeKeystone = await startKeystone();
    closing.push({ close: () => keystone.stop() });
    keystone.person = { name: 'ada', password: 'pass-word', secret: 'secret', spec: { roles: ['admin'] } };
    const filled = await started();
    await fillConsoleWorld(filled.api);
    const config = keystone.config({ keystoneTokenCacheTime: 0, consoleLogin: true });
    const service = await started({ databaseUrl: filled.databaseUrl, config });
    const first = keystone.issue({ roles: ['admin'] });
    const { page } = await tab(service.url);
    await page.goto(consoleUrl(service.url, `/providers/${providerUuid(1)}`));
    await page.getByText('openstack token issue').waitFor();
    await page.getByLabel('Token').fill('no-token');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('The service does not accept this token.').waitFor();
    await page.getByLabel('Token').fill(first);
    await page.getByRole('button', { name: 'Sign in' }).click();
    const lookUp = page.getByRole('button', { name: `Look up the consumer ${consumerUuid(1)}` });
    await lookUp.waitFor();

    // The token ends while a page is read again: the same page goes on.
    keystone.revoke(first);
    const asked = new Set<string>();
    const returned = new Map<string, string | undefined>();
    page.on('request', (request) => {
      const needsToken = !request.url().endsWith('/readyz');
      if (needsToken && request.headers()['x-auth-token'] === first) asked.add(request.url());
    });
    page.on('response', (response) => {
      if (response.ok()) returned.set(response.url(), response.request().headers()['x-auth-token']);
    });
    await page.getByRole('button', { name: 'Refresh' }).click();
    const dialog = page.getByRole('dialog', { name: 'Sign in again' });
    await dialog.waitFor();
    await page.keyboard.press('Escape');
    await lookUp.waitFor();
    assert.deepEqual(await axeFindings(page), []);
    const second = keystone.issue({ roles: ['admin'] });
    await dialog.getByLabel('Token').fill(second);
    await dialog.getByRole('button', { name: 'Sign in' }).click();
    await dialog.waitFor({ state: 'detached' });
    // A request still in flight would be rejected below, and the form would open before the click.
    await until('the page read again', () => asked.size > 0 && [...asked].every((url) => returned.get(url) === second));

    // It ends before a click: what was clicked happens after the form, which takes a password, too.
    keystone.revoke(second);
    await lookUp.click();
    await dialog.getByRole('button', { name: 'Name and password' }).click();
    await dialog.getByLabel('User', { exact: true }).fill('ada');
    await dialog.getByLabel('Password').fill('wrong');
    await dialog.getByLabel('Project', { exact: true }).fill('demo');
    await dialog.getByRole('button', { name: 'Sign in' }).click();
    await dialog.getByRole('alert').filter({ hasText: 'Keystone' }).waitFor();
    await dialog.getByLabel('Password').fill('pass-word');
    await dialog.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('INSTANCE, project p1').waitFor();
    assert.match(page.url(), new RegExp(`#/providers/${providerUuid(1)}$`));
  });

  it('says five minutes before it that a token ends', async () => {
    const keystone: FakeKeystone = await startKeystone();
    closing.push({ close: () => keystone.stop() });
    const service = await started({ config: keystone.config() });
    const { page } = await tab(service.url);
    await signIn(page, service.url, '/', keystone.issue({ roles: ['admin'], expiresIn: 290 }));
    await page.getByText(/The token ends at \d\d:\d\d:\d\d/).waitFor();
  });
});
