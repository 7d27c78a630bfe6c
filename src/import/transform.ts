import type pg from 'pg';
import { STANDARD_RESOURCE_CLASSES } from '../standard/resource-classes.js';
import { STANDARD_TRAITS } from '../standard/traits.js';
import { ALLOCATION_RULES, USAGE_RULES } from './rules/allocations.sql.js';
import { lowestOfCycles } from './rules/cycles.js';
import { ASSOCIATION_RULES, INVENTORY_RULES } from './rules/inventories.sql.js';
import { NAME_RULES } from './rules/names.sql.js';
import { BREAK_CYCLES, OUTSIDE_OF_TREES, PROVIDER_RULES, ROOT_RULES } from './rules/providers.sql.js';
import { ImportError } from './error.js';

/** The project and user of consumers that have none. */
export interface IncompleteConsumer {
  readonly projectId: string;
  readonly userId: string;
}

/**
 * Makes `import_<kind>` from `source_<table>`. They have exactly the rows of the target, which meet all its constraints. `findings` has a
 * row for each row that is not imported unchanged (findings.ts describes the rules).
 *
 * @throws ImportError when two providers have the same UUID, because the import cannot know which one is right
 */
export async function transform(client: pg.ClientBase, { projectId, userId }: IncompleteConsumer): Promise<void> {
  await rejectDuplicates(client);
  await client.query(
    'create temporary table import_settings as select $1::text as incomplete_project, $2::text as incomplete_user',
    [projectId, userId],
  );
  await client.query(
    `create temporary table import_standard_classes as
     select (number - 1)::integer as id, name from unnest($1::text[]) with ordinality as standard (name, number)`,
    [STANDARD_RESOURCE_CLASSES],
  );
  await client.query('create temporary table import_standard_traits as select unnest($1::text[]) as name', [
    STANDARD_TRAITS,
  ]);
  await client.query(NAME_RULES);
  await client.query(PROVIDER_RULES);
  const { rows } = await client.query<{ id: number; parent: number }>(OUTSIDE_OF_TREES);
  if (rows.length > 0) {
    await client.query(BREAK_CYCLES, [lowestOfCycles(new Map(rows.map(({ id, parent }) => [id, parent])))]);
  }
  for (const rules of [ROOT_RULES, INVENTORY_RULES, ASSOCIATION_RULES, ALLOCATION_RULES, USAGE_RULES])
    await client.query(rules);
}

async function rejectDuplicates(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ uuid: string }>(
    'select uuid from source_resource_providers group by uuid having count(*) > 1 or count(uuid) = 0 limit 5',
  );
  if (rows.length === 0) return;
  throw new ImportError(
    `Several resource_providers of the source have the same uuid (${rows.map(({ uuid }) => uuid).join(', ')}), so the unique index is ` +
      'missing there. Remove the rows that are wrong, then import again.',
  );
}
