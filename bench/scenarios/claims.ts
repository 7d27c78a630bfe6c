import { randomUUID } from 'node:crypto';
import type { Conversations, Request, Scenario } from '../scenario.js';
import { createRoomyNodes } from '../world.js';

/** What a scheduler sends when it has chosen a host: three classes for a consumer that does not exist yet. */
export function claimOn(provider: string, project = 'bench-project'): Request {
  const body = {
    allocations: { [provider]: { resources: { VCPU: 1, MEMORY_MB: 512, DISK_GB: 1 } } },
    project_id: project,
    user_id: 'bench-user',
    consumer_generation: null,
    consumer_type: 'INSTANCE',
  };
  return { method: 'PUT', path: `/allocations/${randomUUID()}`, body };
}

/** Every claim is for a new consumer and must be made. */
function claiming(providers: readonly string[]): Conversations {
  return (connection) => {
    let at = connection * 7;
    let request: Request | null = null;
    return {
      next: () => (request ??= claimOn(providers[at % providers.length]!)),
      responded(status) {
        at++;
        request = null;
        return status === 204;
      },
    };
  };
}

export const claims: Scenario = {
  name: 'claims',
  about: 'PUT of allocations of new consumers, three classes, 8 at a time over 1,000 providers',
  aim: 15,
  connections: 8,
  bare: false,
  prepare: async (client) => claiming(await createRoomyNodes(client, 1000)),
};

export const storm: Scenario = {
  name: 'storm',
  about: 'the same, 100 at a time on one provider that fits them all',
  aim: 10,
  connections: 100,
  bare: false,
  prepare: async (client) => claiming(await createRoomyNodes(client, 1)),
};
