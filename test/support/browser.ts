import { existsSync } from 'node:fs';
import axe from 'axe-core';
import type { Context } from 'mocha';
import { chromium, type Browser, type Page } from 'playwright-core';
import { patience } from './patience.js';

/** Debian's; playwright's own browsers would have to be downloaded. */
const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** A real browser; without one the tests of the suite are pending, and their titles say why. */
export async function startBrowser(context: Context): Promise<Browser> {
  if (!existsSync(CHROMIUM)) {
    context.currentTest!.title += ` (${CHROMIUM} is not installed)`;
    context.skip();
  }
  const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'];
  return chromium.launch({
    timeout: patience(30_000),
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', ...quiet],
  });
}

/** What axe finds on a page, a line each: the rule, what it says, and the first places. */
export async function axeFindings(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations }: AxeResult = await page.evaluate('axe.run()');
  return violations.map(
    ({ id, help, nodes }) =>
      `${id}: ${help}: ${nodes
        .slice(0, 3)
        .map(({ html }) => html.slice(0, 120))
        .join(' | ')} (${nodes.length})`,
  );
}

interface AxeResult {
  readonly violations: readonly { id: string; help: string; nodes: readonly { html: string }[] }[];
}
