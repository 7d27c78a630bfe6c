import { documentOf } from '../../explain/document.js';
import { explain } from '../../explain/explain.js';
import { toJson } from '../../http/json.js';
import { nowSeconds } from '../../http/respond.js';
import type { Route } from '../../http/route.js';
import { parseAnalysisQuery } from '../analysis/query.js';
import { analyse, type AnalysisDependencies } from '../analysis/analyse.js';
import type { Explaining } from './explaining.js';

/** The dependencies of the route of explain. */
export interface ExplainRouteDependencies extends AnalysisDependencies {
  readonly explaining: Pick<Explaining, 'maxSteps' | 'onExplain'>;
}

/** Explains why there is no candidate, or only some (docs/contract/explain-and-capacity.md#explain). */
export function explainRoutes(dependencies: ExplainRouteDependencies): Route[] {
  return [
    {
      method: 'GET',
      path: '/stockroom/explain',
      rule: 'stockroom:explain',
      checkAccept: true,
      async handle(routeRequest) {
        const { query, version } = routeRequest;
        const parsed = parseAnalysisQuery(query, version);
        const { maxSteps, onExplain } = dependencies.explaining;
        const { result, seconds } = await analyse(dependencies, routeRequest, parsed, (view, resolved, pace) => {
          const { request, conditions, providers } = resolved;
          const options = { show: parsed.show, providers, maxSteps, version: version.text };
          return explain(view, request, conditions, options, pace);
        });
        onExplain(result, seconds);
        return { status: 200, body: toJson(documentOf(result, version.text)), modified: nowSeconds() };
      },
    },
  ];
}
