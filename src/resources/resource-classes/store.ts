import { violatedConstraint } from '../../db/failures.js';
import type { Pool } from '../../db/pool.js';
import { classRow } from '../../db/scheduler/rows.js';
import { writeStatement } from '../../db/scheduler/write.js';
import {
  cannotDeleteStandardClass,
  cannotUpdateStandardClass,
  noSuchResourceClass,
  resourceClassExists,
  resourceClassInUse,
  resourceClassNameTaken,
} from '../../errors.js';
import type { Author } from '../../history/author.js';
import { settingAuthor } from '../../history/set-author.js';
import { providersWithClass, readWith } from '../../ledger/holders.js';
import { STANDARD_RESOURCE_CLASSES } from '../../standard/resource-classes.js';

const standard = new Set(STANDARD_RESOURCE_CLASSES);

/** @throws 409 when a class with that name exists */
export async function createResourceClass(pool: Pool, author: Author | null, name: string): Promise<void> {
  if (!(await ensureResourceClass(pool, author, name))) throw resourceClassExists(name);
}

/** Creates the class unless it exists. Returns whether it was created. */
export async function ensureResourceClass(pool: Pool, author: Author | null, name: string): Promise<boolean> {
  const text = `insert into resource_classes (id, name) values (nextval('resource_classes_custom_id'), $1)
                on conflict (name) do nothing`;
  const rows = { changes: [classRow(name)], note: settingAuthor(author) };
  const { rowCount } = await writeStatement(pool, rows, { name: 'create_class', text, values: [name] });
  return rowCount === 1;
}

/** @throws 404, 400 for a standard class, 409 when the new name is taken */
export async function renameResourceClass(
  pool: Pool,
  author: Author | null,
  name: string,
  newName: string,
): Promise<void> {
  if (standard.has(name)) throw cannotUpdateStandardClass(name);
  const text = 'update resource_classes set name = $2, updated_at = now() where name = $1';
  try {
    const rows = { changes: [classRow(name), classRow(newName)], note: settingAuthor(author) };
    const { rowCount } = await writeStatement(pool, rows, { text, values: [name, newName] });
    if (rowCount === 0) throw noSuchResourceClass(name);
  } catch (error) {
    throw violatedConstraint(error) === undefined ? error : resourceClassNameTaken(newName);
  }
}

/** @throws 404, 400 for a standard class, 409 while an inventory uses it */
export async function deleteResourceClass(pool: Pool, author: Author | null, name: string): Promise<void> {
  if (standard.has(name)) throw cannotDeleteStandardClass(name);
  const text = 'delete from resource_classes where name = $1';
  try {
    const rows = { changes: [classRow(name)], note: settingAuthor(author) };
    const { rowCount } = await writeStatement(pool, rows, { text, values: [name] });
    if (rowCount === 0) throw noSuchResourceClass(name);
  } catch (error) {
    if (violatedConstraint(error) === undefined) throw error;
    throw resourceClassInUse(name, await providersWithClass(readWith(pool), name));
  }
}
