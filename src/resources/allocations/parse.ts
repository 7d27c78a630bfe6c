import type { Claim, ProviderAmounts } from '../../ledger/model.js';
import type { Version } from '../../http/microversions.js';
import { createYieldPoint, inParts, withPauses, type Divided } from '../../slices.js';
import type { ConsumerBody, ListedAllocations } from './schema.js';

/** The project and user of consumers that a client writes without them (before 1.8). */
export interface IncompleteConsumer {
  readonly projectId: string;
  readonly userId: string;
}

/** Converts a valid body into a claim. Ignores `mappings` and the generations of providers. */
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

/** Converts the bodies of several consumers into claims. The event loop runs between them. */
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
  // A provider may occur twice in a list. Its last entry counts.
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
