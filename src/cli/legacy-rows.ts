import { connectDatabase } from '../db/database.js';
import { databaseSchema } from '../db/migrate.js';
import type { Config } from '../config.js';
import { newerSchema, SchemaError } from '../db/migrate.js';
import { withDatabase } from './database.js';

/**
 * The number of rows in the form of old releases of upstream. Constraints of the schema forbid them, so both counts are 0 unless an operator
 * dropped the constraints.
 */
export interface LegacyRows {
  readonly withoutRoot: number;
  readonly withoutConsumer: number;
}

export function countLegacyRows(config: Config): Promise<LegacyRows> {
  return withDatabase(config, async (connection) => {
    const { newest, unknown } = await databaseSchema(config, connection);
    if (unknown.length > 0) throw newerSchema(unknown);
    if (newest === null) {
      throw new SchemaError('This database has no tables yet. Run `stockroom db sync` with the same configuration.');
    }
    const client = await connectDatabase(config, connection);
    try {
      const { rows } = await client.query<{ without_root: string; without_consumer: string }>(
        `select (select count(*) from resource_providers where root_provider_id is null) as without_root,
                (select count(distinct consumer_id) from allocations a
                 where not exists (select from consumers c where c.id = a.consumer_id)) as without_consumer`,
      );
      return { withoutRoot: Number(rows[0]?.without_root), withoutConsumer: Number(rows[0]?.without_consumer) };
    } finally {
      await client.end();
    }
  });
}
