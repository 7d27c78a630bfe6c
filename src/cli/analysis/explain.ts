import { documentOf, type ExplainDocument } from '../../explain/document.js';
import { explain } from '../../explain/explain.js';
import type { Query } from '../../http/query.js';
import type { Version } from '../../http/microversions.js';
import { parseAnalysisQuery, resolveAnalysisQuery } from '../../resources/analysis/query.js';
import type { View } from '../../topology/model.js';
import { say, type Command } from '../command.js';
import { runAnalysis } from './analyse.js';
import { explainText } from './explain-text.js';

export const command: Command = {
  help:
    'QUERY is the query string of GET /allocation_candidates, or the whole path as the log of requests has it: what Nova asked, say. The version is in the same ' +
    'line of the log. Exit code 0: something fits; 1: nothing; 2: wrong usage, or the query is rejected; 3: the database or the service could not be asked.',
  run({ config }, commandLine, [query = '']) {
    const evaluate = (view: View, parsed: Query, version: Version): ExplainDocument =>
      workedOut(view, parsed, version, config.explainMaxSteps);
    const asked = { path: '/stockroom/explain', flags: ['show', 'provider'], evaluate };
    return runAnalysis(config, commandLine, query, asked, (document) => {
      say(commandLine.switches.has('json') ? JSON.stringify(document, null, 2) : explainText(document));
      return document.outcome === 'some' ? 0 : 1;
    });
  },
};

/** The same work as in the route, without yielding: this process serves no other requests. */
function workedOut(view: View, query: Query, version: Version, maxSteps: number): ExplainDocument {
  const parsed = parseAnalysisQuery(query, version);
  const { request, conditions, providers } = resolveAnalysisQuery(view, parsed, version);
  const never = { isDue: () => false, seconds: () => 0 };
  const options = { show: parsed.show, providers, maxSteps, version: version.text };
  const next = explain(view, request, conditions, options, never).next();
  if (next.done !== true) throw new Error('the explanation paused, although its pace never asks for it');
  return documentOf(next.value, version.text);
}
