import type { Claim, ProviderAmounts } from '../../ledger/model.js';
import type { Version } from '../../http/microversions.js';
import { createYieldPoint, inParts, withPauses, type Divided } from '../../slices.js';
import type { ConsumerBody, ListedAllocations } from './schema.js';

/** The owners of allocations without project and user (before 1.8). */
export interface IncompleteConsumer {
  readonly projectId: string;
  readonly userId: string;
}

/** A valid body as a claim. `mappings` and the inner generations are accepted and mean nothing. */
export function* toClaim(
  consumerUuid: string,
  body: ConsumerBody,
  version: Version,
  incomplete: IncompleteConsumer,
): Divided<Claim> {
  return {
    consumerUuid,
    projectId: body.project_id ?? incomplete.projectId,
    userId: body.user_id ?? incomplete.userId,
    consumerType: body.consumer_type ?? null,
    consumerGeneration: version.has('consumerGenerations') ? (body.consumer_generation ?? null) : 'any',
    allocations: yield* toAmounts(body.allocations),
  };
}

/** The bodies of several consumers as claims; the event loop runs in between. */
export async function toClaims(
  bodies: Readonly<Record<string, ConsumerBody>>,
  version: Version,
  incomplete: IncompleteConsumer,
): Promise<Claim[]> {
  const pause = createYieldPoint();
  const claims: Claim[] = [];
  for (const [uuid, body] of Object.entries(bodies)) {
    claims.push(await withPauses(toClaim(uuid, body, version, incomplete), pause));
    await pause();
  }
  return claims;
}

function* toAmounts(allocations: ConsumerBody['allocations']): Divided<ProviderAmounts[]> {
  // In the list form a provider may occur twice; its last entry counts.
  const byProvider = new Map<string, ProviderAmounts>();
  const add = (providerUuid: string, resources: Readonly<Record<string, number>>): void => {
    byProvider.set(providerUuid, { providerUuid, resources: new Map(Object.entries(resources)) });
  };
  if (isListed(allocations)) {
    yield* inParts(allocations, ({ resource_provider, resources }) => {
      add(resource_provider.uuid, resources);
    });
  } else {
    yield* inParts(Object.keys(allocations), (uuid) => {
      add(uuid, allocations[uuid]?.resources ?? {});
    });
  }
  return [...byProvider.values()];
}

function isListed(allocations: ConsumerBody['allocations']): allocations is ListedAllocations {
  return Array.isArray(allocations);
}
