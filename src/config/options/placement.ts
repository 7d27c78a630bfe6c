import { option } from '../option.js';
import { boolean, integer, oneOf, text } from '../values.js';

/** How the service finds candidates and completes allocations. */
export const placementOptions = {
  incompleteConsumerProjectId: option({
    group: 'placement',
    name: 'incomplete_consumer_project_id',
    help: 'Project of consumers whose allocations are written without one (before microversion 1.8).',
    default: '00000000-0000-0000-0000-000000000000',
    parse: text,
  }),
  incompleteConsumerUserId: option({
    group: 'placement',
    name: 'incomplete_consumer_user_id',
    help: 'User of consumers whose allocations are written without one (before microversion 1.8).',
    default: '00000000-0000-0000-0000-000000000000',
    parse: text,
  }),
  maxAllocationCandidates: option({
    group: 'placement',
    name: 'max_allocation_candidates',
    help: 'Most allocation candidates that a request generates; -1 leaves it to the built-in bound of 200,000.',
    default: -1,
    parse: integer(-1, 1_000_000_000),
  }),
  allocationCandidatesGenerationStrategy: option({
    group: 'placement',
    name: 'allocation_candidates_generation_strategy',
    help: 'depth-first finishes one root provider before the next, breadth-first takes one candidate from each in turn.',
    default: 'depth-first',
    parse: oneOf('depth-first', 'breadth-first'),
  }),
  randomizeAllocationCandidates: option({
    group: 'placement',
    name: 'randomize_allocation_candidates',
    help: 'Whether candidates are shuffled; with a limit, a random sample is returned.',
    default: false,
    parse: boolean(),
  }),
  optimizeForWideProviderTrees: option({
    group: 'workarounds',
    name: 'optimize_for_wide_provider_trees',
    help: 'Accepted and always on: the search never builds combinations that cannot fit.',
    default: true,
    parse: boolean(),
  }),
};
