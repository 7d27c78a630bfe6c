import { option } from '../option.js';
import { boolean, integer } from '../values.js';

/** Explanations why requests do not fit (docs/contract/explain-and-capacity.md). */
export const explainOptions = {
  explainMaxSteps: option({
    group: 'stockroom',
    name: 'explain_max_steps',
    help: 'Steps of work of one explanation (options and providers that it tries), in trees that are no lone hosts. At the bound the explanation is not complete, and says so.',
    default: 2_000_000,
    parse: integer(1000, 1_000_000_000),
  }),
  explainEmptyAnswers: option({
    group: 'stockroom',
    name: 'explain_empty_answers',
    help: 'Say in the log why an empty response of GET /allocation_candidates is empty, once a second at most, and count the reasons.',
    default: true,
    parse: boolean(),
  }),
};
