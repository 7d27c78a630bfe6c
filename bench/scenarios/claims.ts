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

/** Of 20 requests of a connection one creates a consumer and one removes it. */
const ROUND = 20;

/** Every tenth request creates or removes a consumer. */
export function readingAndClaiming(read: Request, hosts: readonly string[], project?: string): Conversations {
  return (connection) => {
    let at = connection;
    let created: Request | null = null;
    let due: Request | null = null;
    const request = (): Request => {
      if (created === null && at % ROUND === 0) return (created = claimOn(hosts[connection % hosts.length]!, project));
      if (created === null || at % ROUND !== ROUND / 2) return read;
      const { path: consumer } = created;
      created = null;
      return { method: 'DELETE', path: consumer };
    };
    return {
      next: () => (due ??= request()),
      responded(status) {
        const isRight = status === (due === read ? 200 : 204);
        at++;
        due = null;
        return isRight;
      },
    };
  };
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
