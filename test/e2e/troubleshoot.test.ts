import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { claim } from '../support/claims.js';
import { createTestDatabase, dropTestDatabase } from '../support/database.js';
import { openPage, withPrograms } from '../support/run-page.js';
import { buildWorld, consumerUuid, hostUuid } from '../support/orphans.js';
import { cleanUp, startProcess, temporaryFolder } from '../support/process.js';
import { until } from '../support/until.js';

const CONNECTION = 'OS_PLACEMENT_DATABASE__CONNECTION';

/** docs/how-to/troubleshoot.md: every command of it, in a small cloud with the troubles. */
describe('the page on troubleshooting', () => {
  const page = openPage('how-to/troubleshoot.md');
  let connection: string;
  let env: Record<string, string>;

  before(async () => {
    const folder = await temporaryFolder();
    connection = await createTestDatabase();
    const log = path.join(folder, 'log');
    const service = startProcess(['--port', '0'], { [CONNECTION]: connection, OS_DEFAULT__LOG_FILE: log });
    const { api, url } = await service.listening();
    await buildWorld(api, connection);
    await api.get('/allocation_candidates?limit=1000&resources=VCPU:128').expect(200);
    // Hosts that are full for what is asked, and a service that writes with an old generation.
    for (let i = 0; i < 3; i++) await claim(api, { [hostUuid(1)]: { VCPU: 60 } }).expect(409);
    const stale = { resource_provider_generation: 0, inventories: {} };
    await api.put(`/resource_providers/${hostUuid(2)}/inventories`, stale).expect(409);
    fs.writeFileSync(path.join(folder, 'live'), `${consumerUuid(3)}\n`);
    fs.writeFileSync(path.join(folder, 'migrations'), '');
    // The last request.
    await until('the log has it', () =>
      Promise.resolve(/inventories","status":409/.test(fs.readFileSync(log, 'utf8'))),
    );
    env = {
      PATH: withPrograms(folder, {
        // The journal has lines of systemd as well.
        journalctl: `echo 'Started stockroom.service - Stockroom, an OpenStack Placement.'; cat '${log}'`,
        openstack: 'echo admin',
      }),
      HOME: folder,
      [CONNECTION]: connection,
      CONTROLLER: url,
    };
  });
  after(async () => {
    await cleanUp();
    await dropTestDatabase(connection);
  });

  it('has commands and shows what they print', async () => {
    assert.ok(page.commands.length >= 11, `${page.commands.length} commands`);
    await page.run(env, (text) =>
      text
        .replace(/req-[0-9a-f-]{36}/g, 'req-…')
        .replace(/\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)/g, 'TIME')
        .replace(/postgresql:\/\/\S+/g, 'URL')
        // The servers of the tests have no fsync.
        .replace(/(ok|warning) +durability .*/, 'durability')
        .replace(/warnings: \d/, 'warnings: N')
        .replace(/(up to date, )\w+/g, '$1…')
        .replace(/PostgreSQL \d+/g, 'PostgreSQL N')
        .replace(/"(requests|median|slowest)":[\d.]+/g, '"$1":N'),
    );
  });
});
