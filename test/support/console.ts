import type { Browser, BrowserContext, Page } from 'playwright-core';
import { claim, generationOf } from './claims.js';
import { patience } from './patience.js';
import { setInventories, type Api } from './service.js';

export const AZ1 = 'a1000000-0000-4000-8000-000000000001';
export const AZ2 = 'a2000000-0000-4000-8000-000000000001';
/** Nothing in the world fits it; with one change, something does. */
export const WHY = `resources=VCPU:8,MEMORY_MB:16384&required=CUSTOM_SSD,!COMPUTE_STATUS_DISABLED&member_of=${AZ1}`;

/** Uuid of the n-th provider of the world, from 1 on. */
export const providerUuid = (n: number): string => `${String(n).padStart(8, '0')}-0000-4000-8000-000000000001`;
/** Uuid of the consumer on the n-th provider. */
export const consumerUuid = (n: number): string => `9${String(n).padStart(7, '0')}-0000-4000-8000-000000000001`;

interface Made {
  readonly name: string;
  /** Number of the parent. */
  readonly parent?: number;
  readonly inventories?: Record<
    string,
    { total: number; max_unit?: number; allocation_ratio?: number; reserved?: number }
  >;
  readonly used?: Record<string, number>;
  readonly traits?: readonly string[];
  readonly aggregates?: readonly string[];
}

/** World W of docs/contract/explain-and-capacity.md, a tree of several providers, and a pool that shares. */
const WORLD: readonly Made[] = [
  {
    name: 'h1',
    inventories: { VCPU: { total: 16 }, MEMORY_MB: { total: 65536 } },
    used: { VCPU: 12, MEMORY_MB: 49152 },
    traits: ['HW_CPU_X86_AVX2', 'CUSTOM_SSD'],
    aggregates: [AZ1],
  },
  {
    name: 'h2',
    inventories: { VCPU: { total: 16 }, MEMORY_MB: { total: 65536 } },
    traits: ['HW_CPU_X86_AVX2'],
    aggregates: [AZ1],
  },
  {
    name: 'h3',
    inventories: { VCPU: { total: 16 }, MEMORY_MB: { total: 65536 } },
    used: { VCPU: 4, MEMORY_MB: 57344 },
    traits: ['HW_CPU_X86_AVX2', 'CUSTOM_SSD'],
    aggregates: [AZ2],
  },
  {
    name: 'h4',
    inventories: { VCPU: { total: 32, max_unit: 4 }, MEMORY_MB: { total: 131072 } },
    traits: ['CUSTOM_SSD', 'COMPUTE_STATUS_DISABLED'],
    aggregates: [AZ1],
  },
  { name: 'numa-host', aggregates: [AZ2] },
  {
    name: 'numa-host_numa0',
    parent: 5,
    inventories: { PCPU: { total: 8 } },
    used: { PCPU: 8 },
    traits: ['HW_NUMA_ROOT'],
  },
  { name: 'numa-host_numa1', parent: 5, inventories: { PCPU: { total: 8, reserved: 1 } }, traits: ['HW_NUMA_ROOT'] },
  { name: 'numa-host_numa0_gpu0', parent: 6, inventories: { VGPU: { total: 2 } } },
  {
    name: 'pool-a',
    inventories: { DISK_GB: { total: 10_000, allocation_ratio: 1.5 } },
    traits: ['MISC_SHARES_VIA_AGGREGATE'],
    aggregates: [AZ2],
  },
];

export async function fillConsoleWorld(api: Api): Promise<void> {
  await api.put('/traits/CUSTOM_SSD').expect(201);
  for (const [index, made] of WORLD.entries()) await make(api, index + 1, made);
}

async function make(api: Api, n: number, { name, parent, inventories, used, traits, aggregates }: Made): Promise<void> {
  const uuid = providerUuid(n);
  const above = parent === undefined ? {} : { parent_provider_uuid: providerUuid(parent) };
  await api.post('/resource_providers', { name, uuid, ...above }).expect(200);
  const generation = async () => ({ resource_provider_generation: await generationOf(api, uuid) });
  if (inventories !== undefined) await setInventories(api, uuid, inventories);
  if (traits !== undefined) await setTraits(api, uuid, traits);
  if (aggregates !== undefined) {
    await api.put(`/resource_providers/${uuid}/aggregates`, { aggregates, ...(await generation()) }).expect(200);
  }
  if (used !== undefined) {
    await claim(api, { [uuid]: used }, { consumer: consumerUuid(n), project_id: 'p1', user_id: 'u1' }).expect(204);
  }
}

export async function setTraits(api: Api, uuid: string, traits: readonly string[]): Promise<void> {
  const body = { traits, resource_provider_generation: await generationOf(api, uuid) };
  await api.put(`/resource_providers/${uuid}/traits`, body).expect(200);
}

/** A tab, and what its browser complains of: errors, violations of the policy, requests to elsewhere. */
export interface Watched {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly problems: readonly string[];
}

/** A tab of its own for the console of a service; nothing is open in it yet. */
export async function openConsole(
  browser: Browser,
  origin: string,
  { width = 1280, colorScheme = 'light' }: { width?: number; colorScheme?: 'light' | 'dark' } = {},
): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme });
  context.setDefaultTimeout(patience(30_000));
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('console', (message) => {
    // On a busy machine the service may not be ready for a moment.
    const isReadiness = message.location().url.endsWith('/readyz');
    if (['error', 'warning'].includes(message.type()) && !isReadiness) problems.push(message.text());
  });
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(origin) && !url.startsWith('blob:')) problems.push(`foreign: ${url}`);
  });
  return { page, context, problems };
}

/** The address of a page of the console; the fragment begins with a slash. */
export function consoleUrl(origin: string, fragment = '/'): string {
  return `${origin}/console#${fragment}`;
}

/** Opens the console and signs in as a user of noauth2. */
export async function signIn(page: Page, origin: string, fragment = '/', token = 'admin'): Promise<void> {
  await page.goto(consoleUrl(origin, fragment), { timeout: patience(30_000) });
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByLabel('Token').waitFor({ state: 'detached' });
}

/** Goes to a page of the console, and waits until it shows all. */
export async function openPage(page: Page, origin: string, fragment: string, shows: string): Promise<void> {
  await page.goto(consoleUrl(origin, fragment));
  await page.getByText(shows).first().waitFor({ state: 'attached' });
  await page.locator('[aria-busy=true], .loading').first().waitFor({ state: 'detached' });
}

/** Pages by their fragment, and text that is there when the page has its numbers. */
export const PAGES: readonly { readonly name: string; readonly fragment: string; readonly shows: string }[] = [
  { name: 'overview', fragment: '/', shows: 'MEMORY_MB' },
  { name: 'providers', fragment: '/providers', shows: 'pool-a' },
  { name: 'provider', fragment: `/providers/${providerUuid(6)}`, shows: 'HW_NUMA_ROOT' },
  { name: 'why', fragment: `/why?${WHY}`, shows: 'Nearest' },
  { name: 'capacity', fragment: '/capacity?resources=VCPU:2,MEMORY_MB:4096', shows: 'By tree' },
  { name: 'consumer', fragment: `/consumers/${consumerUuid(1)}`, shows: 'Holds' },
  { name: 'changes', fragment: '/changes', shows: 'allocations' },
  { name: 'lists', fragment: '/lists', shows: 'nightly' },
  { name: 'list', fragment: '/lists/nightly', shows: 'Settings' },
  { name: 'health', fragment: '/health', shows: 'Topology' },
];
