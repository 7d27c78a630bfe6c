import { composeService } from '../../src/compose.js';
import { defaultConfig } from '../../src/config.js';
import { createLog } from '../../src/ops/log.js';
import { sql } from '../support/database.js';
import { checkLedger, checkNoOverbooking } from '../support/ledger.js';
import { PROJECTS } from './clients.js';
import { disagreements, holding, type Book, type Holding } from './book.js';
import type { Journal } from './talk.js';

/** The invariants: of the database, of what clients were told, and of every service's responses. What is wrong becomes a violation of the journal. */
export async function checkInvariants(
  databaseUrl: string,
  urls: readonly string[],
  book: Book,
  journal: Journal,
): Promise<void> {
  const { violations } = journal;
  const checked = async (check: Promise<void>): Promise<void> => {
    await check.catch((error: unknown) => violations.push((error as Error).message));
  };
  await checked(checkLedger(databaseUrl));
  for (const name of ['VCPU', 'MEMORY_MB', 'DISK_GB', 'SRIOV_NET_VF'])
    await checked(checkNoOverbooking(databaseUrl, name));

  const found = new Map<string, Record<string, { resources: Record<string, number> }>>();
  const rows = await sql<{ consumer: string; provider: string; name: string; used: number }>(
    databaseUrl,
    `select c.uuid as consumer, p.uuid as provider, r.name, a.used::integer
     from allocations a join consumers c on c.id = a.consumer_id
     join resource_providers p on p.id = a.resource_provider_id
     join resource_classes r on r.id = a.resource_class_id
     join projects on projects.id = c.project_id
     where projects.external_id = any($1)`,
    [PROJECTS],
  );
  for (const { consumer, provider, name, used } of rows) {
    const allocations = found.get(consumer) ?? {};
    found.set(consumer, allocations);
    (allocations[provider] ??= { resources: {} }).resources[name] = used;
  }
  const holdings = new Map<string, Holding>([...found].map(([consumer, one]) => [consumer, holding(one)]));
  violations.push(...disagreements(book, holdings));

  const service = composeService(defaultConfig({ auditInterval: 0 }), databaseUrl, createLog('silent'));
  violations.push(...(await service.topology.audit()));
  await service.close();
  for (const url of urls) {
    const wrong = await viewsThatDiffer(url, databaseUrl).catch((error: unknown) => [`${url}: ${String(error)}`]);
    violations.push(...wrong);
  }
}

/** Each question goes over a connection of its own, and so to one worker after the other. */
async function viewsThatDiffer(url: string, databaseUrl: string): Promise<string[]> {
  const rows = await sql<{ uuid: string; generation: number; usages: Record<string, number> | null }>(
    databaseUrl,
    `select p.uuid, p.generation, json_object_agg(c.name, i.used) filter (where c.name is not null) as usages
     from resource_providers p left join inventories i on i.resource_provider_id = p.id
     left join resource_classes c on c.id = i.resource_class_id group by p.uuid, p.generation`,
  );
  const wrong: string[] = [];
  for (const { uuid, generation, usages } of rows) {
    const response = await fetch(`${url}/resource_providers/${uuid}/usages`, {
      headers: { 'x-auth-token': 'admin', connection: 'close' },
    });
    const body = (await response.json()) as { resource_provider_generation: number; usages: Record<string, number> };
    const same = Object.entries(usages ?? {}).every(([name, used]) => body.usages[name] === used);
    if (!same || body.resource_provider_generation !== generation) {
      wrong.push(
        `${url} says of ${uuid} ${JSON.stringify(body)}, the database ${generation} ${JSON.stringify(usages)}`,
      );
    }
  }
  return wrong;
}

/** What the clients were told, by kind of request, and what must not have happened. */
export function reportTalk({ kinds, violations }: Journal, book: Book): void {
  console.table(
    Object.fromEntries(
      [...kinds].sort().map(([kind, { milliseconds, outcomes }]) => {
        const sorted = milliseconds.sort((a, b) => a - b);
        const at = (share: number): number => Number(sorted[Math.floor((sorted.length - 1) * share)]!.toFixed(1));
        const ended = [...outcomes].sort().map(([outcome, count]) => `${outcome}: ${count}`);
        return [kind, { median: at(0.5), p99: at(0.99), max: at(1), ended: ended.join(', ') }];
      }),
    ),
  );
  console.log(
    `${book.known.size} consumers compared with their last response, ${book.unknown.length} changes without one`,
  );
  for (const violation of violations.slice(0, 50)) console.log(`VIOLATION ${violation}`);
  console.log(violations.length === 0 ? 'No violations.' : `${violations.length} violations.`);
}
