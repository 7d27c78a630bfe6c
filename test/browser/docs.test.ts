import assert from 'node:assert/strict';
import type { Browser, Page } from 'playwright-core';
import { axeFindings, startBrowser } from '../support/browser.js';
import { patience } from '../support/patience.js';
import { startTestService, type TestService } from '../support/service.js';

describe('the API reference in a browser', function () {
  this.timeout(patience(120_000));
  let service: TestService | undefined;
  let browser: Browser | undefined;
  before(async function () {
    browser = await startBrowser(this);
    service = await startTestService();
  });
  after(async () => {
    await browser?.close();
    await service?.close();
  });

  async function open(width: number, colorScheme: 'light' | 'dark' = 'light'): Promise<Page> {
    const page = await browser!.newPage({ viewport: { width, height: 844 }, colorScheme });
    await page.goto(`${service!.url}/docs`, { timeout: patience(30_000) });
    return page;
  }

  // axe takes 20 s for the whole page. All operations are made alike, so in other widths and colours a few show the same.
  for (const [width, colours, shown] of [
    [1366, 'light', 'all operations'],
    [390, 'light', 'one operation of each method'],
    [390, 'dark', 'one operation of each method'],
    [1366, 'dark', 'one operation of each method'],
  ] as const) {
    it(`has nothing that axe objects to, at ${width} pixels, ${colours}: ${shown}`, async () => {
      const page = await open(width, colours);
      if (shown !== 'all operations') assert.ok((await leaveOneOfEachMethod(page)) >= 4);
      assert.deepEqual(await axeFindings(page), []);
      await page.close();
    });
  }

  /** Returns how many operations are left. */
  function leaveOneOfEachMethod(page: Page): Promise<number> {
    return page.evaluate(`{
      const seen = new Set();
      for (const article of document.querySelectorAll('main article')) {
        const method = article.querySelector('.method').textContent;
        if (seen.has(method)) article.remove();
        seen.add(method);
      }
      seen.size;
    }`);
  }

  it('can be read on a phone: nothing is wider than the screen, parameters have all of it', async () => {
    const page = await open(390);
    assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 390);
    const widths: number[] = await page.evaluate(
      "[...document.querySelectorAll('.parameters td:nth-child(3)')].map((cell) => cell.getBoundingClientRect().width)",
    );
    assert.ok(
      widths.length > 40 && Math.min(...widths) > 300,
      `${widths.length}: a description is ${Math.min(...widths)} pixels wide`,
    );
    await page.close();
  });

  it('has targets of at least 24 pixels', async () => {
    for (const width of [390, 1366]) {
      const page = await open(width);
      const small: unknown = await page.evaluate(`
        [...document.querySelectorAll('nav a, h3 a, summary, button, input')]
          .map((target) => ({ text: target.textContent, box: target.getBoundingClientRect() }))
          .filter(({ box }) => box.width > 0 && (box.height < 24 || box.width < 24))
          .map(({ text, box }) => text + ': ' + box.width + ' x ' + box.height)`);
      assert.deepEqual(small, []);
      await page.close();
    }
  });

  it('lets the keyboard skip the list of operations', async () => {
    const page = await open(1366);
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate('document.activeElement.className'), 'skip');
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate('document.activeElement.id'), 'top');
    await page.close();
  });
});
