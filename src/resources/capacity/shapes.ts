import { ConfigError, type Config } from '../../config.js';
import { ApiError } from '../../errors.js';
import { NEWEST_VERSION } from '../../http/microversions.js';
import { parseQuery } from '../../http/query.js';
import { parseAnalysisQuery, type ParsedAnalysisQuery } from '../analysis/query.js';

/** A request whose capacity is shown in the metrics. */
export interface Shape {
  readonly name: string;
  /** The query in the configuration. */
  readonly query: string;
  readonly parsed: ParsedAnalysisQuery;
}

/** The shapes of `[stockroom] capacity_shape`. @throws ConfigError that names the shape whose query is not valid */
export function shapesOf({ capacityShape }: Pick<Config, 'capacityShape'>): Shape[] {
  return capacityShape.map((line) => {
    const [name = '', query = ''] = line.split(/\s+/);
    try {
      return { name, query, parsed: parseAnalysisQuery(parseQuery(query.replace(/^[^?]*\?/, '')), NEWEST_VERSION) };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      throw new ConfigError(`[stockroom] capacity_shape ${name}: the query cannot be read: ${error.message}`);
    }
  });
}
