import { option } from '../option.js';
import { expecting, integer } from '../values.js';

const MOST_SHAPES = 50;

/** Parses shapes, one on each line. Returns undefined when one is malformed, a name is repeated, or there are too many. */
function shapes(text: string): readonly string[] | undefined {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const names = lines.map((line) => /^([a-z0-9_.-]{1,64})\s+\S+$/.exec(line)?.[1]);
  if (names.includes(undefined) || new Set(names).size < names.length || lines.length > MOST_SHAPES) return undefined;
  return lines;
}

/** How many more requests of a shape fit: GET /stockroom/capacity, and the gauges. */
export const capacityOptions = {
  capacityMaxSteps: option({
    group: 'stockroom',
    name: 'capacity_max_steps',
    help: 'Steps of work of one GET /stockroom/capacity, and of one shape of the gauges, where no formula gives the number. When they are used up, the response has wider bounds, and complete is false.',
    default: 2_000_000,
    parse: integer(1000, 1_000_000_000),
  }),
  capacityShape: option({
    group: 'stockroom',
    name: 'capacity_shape',
    argument: 'NAME QUERY',
    help: 'A shape, such as a flavor, whose capacity /metrics shows (stockroom_capacity_fits): a name, a blank, a query of GET /allocation_candidates at the newest version. May be repeated, 50 times at most.',
    default: [],
    repeatable: true,
    parse: expecting(
      `NAME QUERY, the name of 1 to 64 characters of a-z, 0-9, _, . and -, each name once, ${MOST_SHAPES} at most`,
      shapes,
    ),
  }),
};
