import { ApiError, noSuchProvider } from '../errors.js';
import type { TopologyReader } from '../topology/catch-up.js';
import type { Provider, View } from '../topology/model.js';

/** The provider of a path. Upper-case and undashed spellings are other names, hence unknown (docs/contract/routes.md#paths). */
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
 * Reads a body that says what to do with a provider. An unknown provider comes before a bad body
 * (docs/contract/routes.md#order-of-processing), but a good body should not cost a look-up: the write itself finds out.
 */
export async function bodyForProvider<T>(topology: TopologyReader, uuid: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof ApiError) findProvider(await topology.current(), uuid);
    throw error;
  }
}
