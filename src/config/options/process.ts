import { option } from '../option.js';
import { decimal, expecting } from '../values.js';

/** How many processes serve, and how they end. */
export const processOptions = {
  workers: option({
    group: 'stockroom',
    name: 'workers',
    flag: true,
    help: 'Processes that serve requests, each with a topology and connections of its own; auto: one for each core. With 1, the process that was started serves by itself.',
    default: 1,
    parse: expecting('a whole number from 1 to 512, or auto', (value): number | 'auto' | undefined => {
      if (value === 'auto') return value;
      const number = Number(value);
      return /^\d+$/.test(value) && number >= 1 && number <= 512 ? number : undefined;
    }),
  }),
  drainDelay: option({
    group: 'stockroom',
    name: 'drain_delay',
    help: 'How long connections are still accepted after SIGTERM while /readyz already returns 503, in seconds: as long as a load balancer takes to notice.',
    default: 0,
    parse: decimal(0, 3600),
  }),
  drainTimeout: option({
    group: 'stockroom',
    name: 'drain_timeout',
    help: 'How long requests that have begun may take to finish after that, in seconds; then their connections are cut.',
    default: 30,
    parse: decimal(0, 3600),
  }),
};
