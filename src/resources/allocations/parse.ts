import type { Claim, ProviderAmounts } from '../../ledger/model.js';
import type { Version } from '../../http/microversions.js';
import { createPause } from '../../slices.js';
import type { ConsumerBody } from './schema.js';

/** Whose allocations are that come without project and user (before 1.8). */
export interface IncompleteConsumer {
  readonly projectId: string;
  readonly userId: string;
}

/** A valid body as a claim. `mappings` and the inner generations are accepted and mean nothing. */
export function toClaim(
  consumerUuid: string,
  body: ConsumerBody,
  version: Version,
  incomplete: IncompleteConsumer,
): Claim {
  return {
    consumerUuid,
    projectId: body.project_id ?? incomplete.projectId,
    userId: body.user_id ?? incomplete.userId,
    consumerType: body.consumer_type ?? null,
    consumerGeneration: version.has('consumerGenerations') ? (body.consumer_generation ?? null) : 'any',
    allocations: toAmounts(body.allocations),
  };
}

/** The bodies of several consumers as claims; the event loop runs in between. */
export async function toClaims(
  bodies: Readonly<Record<string, ConsumerBody>>,
  version: Version,
  incomplete: IncompleteConsumer,
): Promise<Claim[]> {
  const pause = createPause();
  const claims: Claim[] = [];
  for (const [uuid, body] of Object.entries(bodies)) {
    claims.push(toClaim(uuid, body, version, incomplete));
    await pause();
  }
  return claims;
}

function toAmounts(allocations: ConsumerBody['allocations']): ProviderAmounts[] {
  // In the list form a provider may occur twice; its last entry counts.
  const byProvider: Iterable<[string, Readonly<Record<string, number>>]> = Array.isArray(allocations)
    ? (allocations as Extract<ConsumerBody['allocations'], readonly unknown[]>).map(
        ({ resource_provider, resources }) => [resource_provider.uuid, resources],
      )
    : Object.entries(allocations).map(([uuid, { resources }]) => [uuid, resources]);
  return Array.from(new Map(byProvider), ([providerUuid, resources]) => ({
    providerUuid,
    resources: new Map(Object.entries(resources)),
  }));
}
