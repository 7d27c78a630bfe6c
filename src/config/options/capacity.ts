import { option } from '../option.js';
import { integer } from '../values.js';

/** GET /stockroom/capacity: how many more requests of a shape fit. */
export const capacityOptions = {
  capacityMaxSteps: option({
    group: 'stockroom',
    name: 'capacity_max_steps',
    help: 'Steps of work of one GET /stockroom/capacity, and of one shape of the gauges, where no formula gives the number. When they are used up, the response has wider bounds, and complete is false.',
    default: 2_000_000,
    parse: integer(1000, 1_000_000_000),
  }),
};
