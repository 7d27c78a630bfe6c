import { randomUUID } from 'node:crypto';
import { ask } from './ask.js';
import type { Target } from './attempt.js';

/** Two hosts with network cards for expensive searches, a chain of providers, and a host for the well-behaved client. */
export async function buildWorld(target: Target): Promise<{ remove(): Promise<void>; host: string }> {
  const made: string[] = [];

  async function send(method: string, path: string, body?: object): Promise<void> {
    const response = await ask(
      target,
      method,
      path,
      body === undefined ? undefined : Buffer.from(JSON.stringify(body)),
    );
    if (response.status === 0 || response.status >= 300) {
      throw new Error(`the attack cannot prepare: ${method} ${path}: ${response.status} ${response.text}`);
    }
  }
  async function provider(name: string, parent: string | null, inventories: object): Promise<string> {
    const uuid = randomUUID();
    await send('POST', '/resource_providers', { name: `${target.prefix}${name}`, uuid, parent_provider_uuid: parent });
    made.push(uuid);
    await send('PUT', `/resource_providers/${uuid}/inventories`, { resource_provider_generation: 0, inventories });
    return uuid;
  }
  const bandwidth = { NET_BW_EGR_KILOBIT_PER_SEC: { total: 1000 } };
  for (const [name, cards] of [
    ['a', 6],
    ['b', 9],
  ] as const) {
    const root = await provider(name, null, { VCPU: { total: 8 } });
    for (let i = 0; i < cards; i++) await provider(`${name}-nic-${i}`, root, bandwidth);
  }
  let last: string | null = null;
  for (let i = 0; i < 60; i++) last = await provider(`chain-${i}`, last, bandwidth);
  const host = await provider('host', null, { MEMORY_MB: { total: 2_000_000_000 } });
  return {
    host,
    async remove() {
      for (const uuid of made.reverse()) await send('DELETE', `/resource_providers/${uuid}`);
    },
  };
}
