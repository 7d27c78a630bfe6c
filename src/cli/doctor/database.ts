import type pg from 'pg';
import { connectDatabase } from '../../db/database.js';
import { databaseSchema } from '../../db/migrate.js';
import { withoutSecrets } from '../../database-url/secrets.js';
import type { Config } from '../../config.js';
import { OLDEST_SERVER } from '../../db/migrate.js';
import { failureText } from '../../failure-text.js';
import { clockCheck, failure, ok, warning, type Diagnosis } from './diagnosis.js';

/** Checks the database of a connection. It writes nothing. */
export async function databaseChecks(config: Config, connection: string): Promise<Diagnosis[]> {
  let client: pg.Client;
  const before = Date.now();
  try {
    client = await connectDatabase(config, connection);
  } catch (error) {
    return [failure('database', failureText(error, { ...config, connection }))];
  }
  try {
    const row = await settingsOf(client);
    const skew = (Number(row.now) - (before + Date.now()) / 2) / 1000;
    const rights = rightsCheck(row);
    return [
      ok('database', `reachable at ${withoutSecrets(connection)}`),
      versionCheck(row),
      primaryCheck(row),
      rights,
      isolationCheck(row),
      durabilityCheck(row),
      // A user without privileges cannot read the migrations either.
      ...(rights.result === 'failure' ? [] : [await schemaCheck(config, connection)]),
      clockCheck('clock of the database', skew),
    ];
  } catch (error) {
    return [failure('database', failureText(error, { ...config, connection }))];
  } finally {
    await client.end();
  }
}

interface Settings {
  readonly version: string;
  readonly standby: boolean;
  readonly user: string;
  readonly database: string;
  readonly schema: string | null;
  readonly may_create: boolean | null;
  /** Tables of the current schema that this user may not read and write. */
  readonly closed: readonly string[];
  readonly isolation: string;
  readonly read_only: string;
  readonly synchronous_commit: string;
  readonly fsync: string;
  readonly full_page_writes: string;
  /** Milliseconds since the epoch. */
  readonly now: string;
}

async function settingsOf(client: pg.Client): Promise<Settings> {
  // The settings of the server, role and database, without those that the service sets in its sessions.
  const setting = (name: string): string =>
    `(select coalesce(reset_val, setting) from pg_settings where name = '${name}')`;
  const { rows } = await client.query<Settings>(`
    select current_setting('server_version_num') as version, pg_is_in_recovery() as standby, current_user as "user",
      current_database() as database, current_schema() as schema,
      has_schema_privilege(current_schema(), 'create') as may_create,
      array(select c.relname::text from pg_class c
            where c.relnamespace = (select oid from pg_namespace where nspname = current_schema()) and c.relkind in ('r', 'p')
              and not (has_table_privilege(c.oid, 'select') and has_table_privilege(c.oid, 'insert')
                       and has_table_privilege(c.oid, 'update') and has_table_privilege(c.oid, 'delete'))
            order by 1) as closed,
      ${setting('default_transaction_isolation')} as isolation, ${setting('default_transaction_read_only')} as read_only,
      ${setting('synchronous_commit')} as synchronous_commit, ${setting('fsync')} as fsync,
      ${setting('full_page_writes')} as full_page_writes,
      (extract(epoch from clock_timestamp()) * 1000)::bigint as now`);
  return rows[0] as Settings;
}

function versionCheck({ version }: Settings): Diagnosis {
  const major = Math.floor(Number(version) / 10_000);
  if (major >= OLDEST_SERVER) return ok('version', `PostgreSQL ${major}`);
  return failure('version', `PostgreSQL ${major}; Stockroom needs PostgreSQL ${OLDEST_SERVER} or newer`);
}

function primaryCheck({ standby, read_only: readOnly }: Settings): Diagnosis {
  if (standby) {
    return failure(
      'primary',
      'this server is a standby and takes no writes. Point the connection at the primary, for example with ' +
        'target_session_attrs=read-write and all hosts in it.',
    );
  }
  if (readOnly !== 'on') return ok('primary', 'this server takes writes');
  return warning('primary', 'default_transaction_read_only is on: an operator may have stopped writes on purpose.');
}

function rightsCheck({ user, database, schema, may_create: mayCreate, closed }: Settings): Diagnosis {
  if (schema === null) {
    return failure('rights', `the search_path of ${user} names no schema of ${database} that exists`);
  }
  if (closed.length > 0) {
    const some = closed.slice(0, 5).join(', ') + (closed.length > 5 ? ` and ${closed.length - 5} more` : '');
    return failure(
      'rights',
      `${user} may not read and write ${some}. As the owner: grant all on all tables in schema ${schema} to ${user};`,
    );
  }
  if (mayCreate !== true) {
    return warning(
      'rights',
      `${user} may not create tables in schema ${schema}, so it cannot bring the schema up to date. As the owner: grant ` +
        `create on schema ${schema} to ${user}; or run \`stockroom db sync\` as the owner.`,
    );
  }
  return ok('rights', `${user} may create tables in schema ${schema}, and read and write those that are there`);
}

function isolationCheck({ isolation }: Settings): Diagnosis {
  const remark = isolation === 'read committed' ? '' : '; the service sets read committed in its own sessions';
  return ok('isolation', `${isolation}${remark}`);
}

function durabilityCheck({ synchronous_commit: commit, fsync, full_page_writes: pages }: Settings): Diagnosis {
  const lost = [...(fsync === 'on' ? [] : ['fsync = off']), ...(pages === 'on' ? [] : ['full_page_writes = off'])];
  if (lost.length === 0)
    return ok(
      'durability',
      `synchronous_commit = ${commit}${commit === 'off' ? '; the service turns it on in its own sessions' : ''}, fsync = on`,
    );
  return warning(
    'durability',
    `${lost.join(', ')}: when the database server crashes, it may lose claims that clients were told are written. Set it to on.`,
  );
}

async function schemaCheck(config: Config, connection: string): Promise<Diagnosis> {
  const { newest, pending, unknown } = await databaseSchema(config, connection);
  if (unknown.length > 0) {
    return failure(
      'schema',
      `newer than this program: it has ${unknown.join(', ')}. Run the newer Stockroom that made it.`,
    );
  }
  if (pending.length === 0) return ok('schema', `up to date, ${newest ?? 'no migration'}`);
  const count = `${pending.length} ${pending.length === 1 ? 'migration is' : 'migrations are'} to come`;
  if (config.syncOnStartup) return ok('schema', `${count}; the service runs them at start`);
  return failure(
    'schema',
    `${count}, and [placement_database] sync_on_startup is false. Run \`stockroom db sync\` with the same configuration.`,
  );
}
