import type { Provider } from '../topology/model.js';

/**
 * Remembers what is derived from a provider for as long as the provider stays as it is: the topology replaces the object
 * when anything about it changes.
 */
export function perProvider<T>(derive: (provider: Provider) => T): (provider: Provider) => T {
  const derived = new WeakMap<Provider, T>();
  return (provider) => {
    let value = derived.get(provider);
    if (value === undefined) {
      value = derive(provider);
      derived.set(provider, value);
    }
    return value;
  };
}
