import type { Registry } from 'prom-client';
import { addNumbers, addSeries } from './series.js';

export interface TokenSource {
  readonly counts: {
    readonly cached: number;
    readonly validated: number;
    readonly refused: number;
    readonly failed: number;
  };
  /** Null before it was asked. */
  answers(): boolean | null;
}

export function showTokens(registry: Registry, keystone: TokenSource): void {
  addNumbers(
    registry,
    {
      name: 'stockroom_tokens_total',
      help: 'Tokens that came: known from before, or validated, refused, or failed to be validated by Keystone.',
      type: 'counter',
    },
    'result',
    () => ({ ...keystone.counts }),
  );
  addSeries(
    registry,
    {
      name: 'stockroom_keystone_answers',
      help: 'Whether Keystone answered when it was last asked; absent before.',
      type: 'gauge',
      aggregator: 'min',
    },
    () => {
      const answers = keystone.answers();
      return answers === null ? [] : [{ value: answers ? 1 : 0, labels: {} }];
    },
  );
}
