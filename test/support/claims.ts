import { randomUUID } from 'node:crypto';
import type supertest from 'supertest';
import type { Api } from './service.js';

/** The body of a claim at 1.39. */
export function claimBody(
  allocations: Record<string, Record<string, number>>,
  more: Record<string, unknown> = {},
): Record<string, unknown> {
  return {
    allocations: Object.fromEntries(
      Object.entries(allocations).map(([provider, resources]) => [provider, { resources }]),
    ),
    project_id: 'a-project',
    user_id: 'a-user',
    consumer_generation: null,
    consumer_type: 'INSTANCE',
    ...more,
  };
}

/** Claims for a consumer, a new one unless given. */
export function claim(
  api: Api,
  allocations: Record<string, Record<string, number>>,
  { consumer = randomUUID(), ...more }: { consumer?: string; [name: string]: unknown } = {},
): supertest.Test {
  return api.put(`/allocations/${consumer}`, claimBody(allocations, more));
}

/** What a provider has in use, by class. */
export async function usagesOf(api: Api, provider: string): Promise<Record<string, number>> {
  const { body } = await api.get(`/resource_providers/${provider}/usages`).expect(200);
  return (body as { usages: Record<string, number> }).usages;
}

export async function generationOf(api: Api, provider: string): Promise<number> {
  const { body } = await api.get(`/resource_providers/${provider}`).expect(200);
  return (body as { generation: number }).generation;
}
