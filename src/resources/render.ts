import type { Provider } from '../topology/model.js';

/** Caches a value that is derived from a provider until the provider changes, because the topology then replaces the object. */
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
