import { UsageError } from '../../config/arguments.js';
import type { CapacityDocument } from '../../capacity/document.js';
import type { Query } from '../../http/query.js';
import type { Version } from '../../http/microversions.js';
import { evaluateCapacity } from '../../resources/capacity/route.js';
import { parseAnalysisQuery, resolveAnalysisQuery, wholeNumber } from '../../resources/analysis/query.js';
import type { View } from '../../topology/model.js';
import { say, type Command } from '../command.js';
import { runAnalysis } from './analyse.js';
import { capacityText } from './capacity-text.js';

export const command: Command = {
  help:
    'QUERY is the query string of GET /allocation_candidates, or the whole path as the log of requests has it. Exit code 0: at least one fits; 1: none; ' +
    '2: wrong usage, or the query is rejected; 3: the database or the service could not be asked.',
  async run({ config }, commandLine, [query = '']) {
    const { values, switches } = commandLine;
    const by = values.get('by') ?? null;
    if (by !== null && by !== 'aggregate' && by !== 'tree')
      throw new UsageError(`--by needs aggregate or tree, got '${by}'.`);
    const evaluate = (view: View, parsed: Query, version: Version): CapacityDocument =>
      workedOut(view, parsed, version, config.capacityMaxSteps);
    const asked = { path: '/stockroom/capacity', flags: ['show', 'enough'], evaluate };
    return runAnalysis(config, commandLine, query, asked, (document) => {
      say(switches.has('json') ? JSON.stringify(document, null, 2) : capacityText(document, by));
      return document.count.at_least > 0 ? 0 : 1;
    });
  },
};

/** The same work as in the route, without yielding: this process serves no other requests. */
function workedOut(view: View, query: Query, version: Version, maxSteps: number): CapacityDocument {
  const parsed = parseAnalysisQuery(query, version, ['enough']);
  const enough = wholeNumber(query, 'enough', { least: 1, most: Infinity });
  const resolved = resolveAnalysisQuery(view, parsed, version);
  const never = { isDue: () => false, seconds: () => 0 };
  const shown = { version: version.text, show: parsed.show };
  const next = evaluateCapacity(view, resolved, { maxSteps, enough }, shown, never).next();
  if (next.done !== true) throw new Error('the count paused, although its pace never asks for it');
  return next.value;
}
