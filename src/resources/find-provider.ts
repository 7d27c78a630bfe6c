import { ApiError, noSuchProvider } from '../errors.js';
import type { TopologyReader } from '../topology/catch-up.js';
import type { Provider, View } from '../topology/model.js';

/** The provider of a path. Upper-case and undashed spellings of its UUID are unknown (docs/contract/routes.md#paths). */
export function findProvider(
  view: View,
  uuid: string,
  notFound: (uuid: string) => ApiError = noSuchProvider,
): Provider {
  const provider = view.providerByUuid(uuid);
  if (provider === undefined) throw notFound(uuid);
  return provider;
}

/**
 * Reads the body of a request about a provider. The error for an unknown provider has precedence over the error for a bad body
 * (docs/contract/routes.md#order-of-processing). With a good body this function does not look up the provider, because the write itself
 * detects that it is unknown.
 */
export async function bodyForProvider<T>(topology: TopologyReader, uuid: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof ApiError) findProvider(await topology.current(), uuid);
    throw error;
  }
}
