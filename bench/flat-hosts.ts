import pg from 'pg';

export const RARE_TRAIT = 'CUSTOM_RARE';

/**
 * Writes hosts with inventories of three classes and the traits of a processor, with SQL; 1,000 of them have a trait of their own. The
 * database is emptied first.
 */
export async function writeFlatHosts(connectionString: string, size: number): Promise<void> {
  const client = new pg.Client({ connectionString });
  // The server is stopped while it is connected when a statement fails; the statement's error is the one to see.
  client.on('error', () => undefined);
  await client.connect();
  await client.query(`
    truncate resource_providers, allocations cascade;
    insert into traits (name) select '${RARE_TRAIT}' where not exists (select from traits where name = '${RARE_TRAIT}');
    insert into resource_providers (id, uuid, name, root_provider_id)
      select n, gen_random_uuid(), 'host-' || n, n from generate_series(1, ${size}) n;
    insert into inventories (resource_provider_id, resource_class_id, total, reserved, min_unit, max_unit, step_size, allocation_ratio)
      select n, class, 100000, 0, 1, 100000, 1, 1 from generate_series(1, ${size}) n, generate_series(0, 2) class;
    insert into resource_provider_traits (resource_provider_id, trait_id)
      select n, id from generate_series(1, ${size}) n, (select id from traits where name like 'HW_CPU_X86_%' order by id limit 20) cpu;
    insert into resource_provider_traits (resource_provider_id, trait_id)
      select n, (select id from traits where name = '${RARE_TRAIT}') from generate_series(1, ${size}, ${Math.max(size / 1000, 1)}) n;
    delete from topology_changes;
    analyze`);
  await client.end();
}
