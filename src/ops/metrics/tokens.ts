import type { Registry } from 'prom-client';
import { addNumbers, addSeries } from './series.js';

export interface TokenSource {
  readonly counts: {
    readonly cached: number;
    readonly validated: number;
    readonly rejected: number;
    readonly failed: number;
  };
  /** Returns whether Keystone responded to the last request; null before the first one. */
  responds(): boolean | null;
}

export function showTokens(registry: Registry, keystone: TokenSource): void {
  addNumbers(
    registry,
    {
      name: 'stockroom_tokens_total',
      help: 'Tokens of requests: found in the cache, validated by Keystone, rejected by it, or not validated because it failed.',
      type: 'counter',
    },
    'result',
    () => ({ ...keystone.counts }),
  );
  addSeries(
    registry,
    {
      name: 'stockroom_keystone_responds',
      help: 'Whether Keystone responded to the last request; absent before the first.',
      type: 'gauge',
      aggregator: 'min',
    },
    () => {
      const responds = keystone.responds();
      return responds === null ? [] : [{ value: responds ? 1 : 0, labels: {} }];
    },
  );
}
