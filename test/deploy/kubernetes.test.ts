import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Deployment } from 'kubernetes-types/apps/v1.js';
import type { Secret, Service } from 'kubernetes-types/core/v1.js';
import type { NetworkPolicy } from 'kubernetes-types/networking/v1.js';
import { parse } from 'yaml';
import { createEmptyDatabase } from '../support/database.js';
import { freePorts } from '../support/free-ports.js';
import { SERVICE_PASSWORD, startKeystone } from '../support/keystone.js';
import { cleanUp, ROOT, temporaryFolder } from '../support/process.js';
import { until } from '../support/until.js';

const FOLDER = path.join(ROOT, 'deploy/kubernetes');
const KUBECTL = spawnSync('kubectl', ['version', '--client']).status === 0;
const WITHOUT = KUBECTL ? '' : ' (kubectl is not installed here)';
/** readOnlyRootFilesystem, where this user may have mounts of its own: $0 is the folder that stays writable. */
const READ_ONLY = 'mount --make-rprivate / && mount --bind "$0" "$0" && mount -o remount,bind,ro / && exec "$@"';
const CONFINED = spawnSync('unshare', ['--mount', 'sh', '-c', READ_ONLY, os.tmpdir(), 'true']).status === 0;
const UNCONFINED = CONFINED ? '' : ' (the file system is writable here: this user may not mount)';

/** Where the type of a kind is. */
const TYPES: Record<string, string> = {
  'v1 Secret': 'core/v1',
  'v1 Service': 'core/v1',
  'v1 ServiceAccount': 'core/v1',
  'apps/v1 Deployment': 'apps/v1',
  'policy/v1 PodDisruptionBudget': 'policy/v1',
  'networking.k8s.io/v1 Ingress': 'networking/v1',
  'networking.k8s.io/v1 NetworkPolicy': 'networking/v1',
};

/** Kinds of others, of which there is no type here. */
const OF_OTHERS = new Set(['kustomize.config.k8s.io/v1beta1 Kustomization', 'monitoring.coreos.com/v1 ServiceMonitor']);

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
}

const read = (name: string): string => fs.readFileSync(path.join(FOLDER, name), 'utf8');

const manifest = (name: string): unknown => parse(read(name), { strict: true });

describe('the manifests for Kubernetes', () => {
  const names = (fs.readdirSync(FOLDER, { recursive: true }) as string[]).filter((name) => name.endsWith('.yaml'));
  const deployment = manifest('deployment.yaml') as Deployment;
  const service = manifest('service.yaml') as Service;
  const pod = deployment.spec!.template.spec!;
  const container = pod.containers[0]!;
  after(cleanUp);

  it('have the fields that Kubernetes defines for their kinds, and no others', async function () {
    const checked = names.flatMap((name) => {
      const { apiVersion, kind, ...fields } = manifest(name) as Manifest;
      const type = TYPES[`${apiVersion} ${kind}`];
      if (type === undefined) assert.ok(OF_OTHERS.has(`${apiVersion} ${kind}`), `${name} is a ${apiVersion} ${kind}`);
      return type === undefined ? [] : [{ name, type, kind, text: JSON.stringify({ apiVersion, kind, ...fields }) }];
    });
    assert.ok(checked.length >= 7);
    // The compiler rejects a member that a type does not have, one that is missing, and a value of another type.
    const folder = path.join(ROOT, 'node_modules/.cache', path.basename(await temporaryFolder()));
    fs.mkdirSync(folder, { recursive: true });
    try {
      const file = path.join(folder, 'manifests.ts');
      const lines = checked.map(
        ({ name, type, kind, text }) =>
          `({ ${kind}: ${text} }) satisfies { ${kind}: import('kubernetes-types/${type}.js').${kind} }; // ${name}`,
      );
      const typo = JSON.stringify(service).replace('"targetPort"', '"targetport"');
      const wrong = `// @ts-expect-error a field that is not spelled so\n(${typo}) satisfies import('kubernetes-types/core/v1.js').Service;`;
      fs.writeFileSync(file, [...lines, wrong, 'export {};', ''].join('\n'));
      const compiler = path.join(ROOT, 'node_modules/typescript/bin/tsc');
      const options = ['--noEmit', '--strict', '--skipLibCheck', '--target', 'es2022', '--module', 'nodenext'];
      const { status, stdout } = spawnSync(process.execPath, [compiler, ...options, '--ignoreConfig', file], {
        encoding: 'utf8',
      });
      assert.equal(status, 0, stdout);
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  });

  it('refer to ports, secrets, labels and files that are there', () => {
    const kustomization = manifest('kustomization.yaml') as {
      resources: string[];
      configMapGenerator: { name: string; files: string[] }[];
    };
    const [configuration] = kustomization.configMapGenerator;
    for (const name of [...kustomization.resources, ...configuration!.files])
      assert.ok(fs.existsSync(path.join(FOLDER, name)), name);
    const applied = names.filter((name) => !name.startsWith('examples/') && name !== 'kustomization.yaml');
    assert.deepEqual([...kustomization.resources].sort(), applied.sort());
    assert.equal(pod.volumes?.find((volume) => volume.name === 'config')?.configMap?.name, configuration!.name);

    const ports = new Map(container.ports!.map(({ name, containerPort }) => [name, containerPort]));
    const probes = [container.startupProbe, container.livenessProbe, container.readinessProbe];
    const monitor = manifest('examples/service-monitor.yaml') as { spec: { endpoints: { port: string }[] } };
    const named = [
      ...probes.map((probe) => probe!.httpGet!.port),
      ...service.spec!.ports!.map((port) => port.targetPort),
      ...(manifest('network-policy.yaml') as NetworkPolicy).spec!.ingress!.flatMap(({ ports = [] }) =>
        ports.map(({ port }) => port),
      ),
      ...monitor.spec.endpoints.map(({ port }) => port),
    ];
    for (const name of named) assert.ok(ports.has(String(name)), String(name));
    const configured = read('stockroom.conf');
    assert.match(configured, new RegExp(`^port = ${ports.get('api') ?? ''}$`, 'm'));
    assert.match(configured, new RegExp(`^admin_port = ${ports.get('admin') ?? ''}$`, 'm'));

    const secret = manifest('examples/secret.yaml') as Secret;
    const wanted = container.env!.map(({ valueFrom }) => valueFrom!.secretKeyRef!);
    assert.deepEqual(wanted.map(({ key }) => key).sort(), Object.keys(secret.stringData!).sort());
    for (const { name } of wanted) assert.equal(name, secret.metadata!.name);

    const labels = deployment.spec!.template.metadata!.labels!;
    for (const selector of [deployment.spec!.selector.matchLabels, service.spec!.selector])
      assert.deepEqual(selector, labels);
  });

  it('give a pod the time that the service takes to end, and the user of the image', () => {
    const seconds = (name: string): number =>
      Number(new RegExp(`^${name} = (\\d+)$`, 'm').exec(read('stockroom.conf'))?.[1]);
    assert.ok(pod.terminationGracePeriodSeconds! > seconds('drain_delay') + seconds('drain_timeout'));
    // Kubernetes checks runAsNonRoot by number; 1000 is `node` in the official images of Node.js.
    assert.match(fs.readFileSync(path.join(ROOT, 'Dockerfile'), 'utf8'), /^USER node$/m);
    assert.equal(pod.securityContext?.runAsUser, 1000);
  });

  it(`are put together by kustomize${WITHOUT}`, function () {
    if (!KUBECTL) this.skip();
    const { status, stdout, stderr } = spawnSync('kubectl', ['kustomize', FOLDER], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    assert.match(stdout, /image: registry\.example\/stockroom:VERSION$/m);
    assert.match(stdout, /name: stockroom-config-\w{10}$/m);
  });

  it(`start a service that becomes ready and ends in time, with nothing to write to but its own folders${UNCONFINED}`, async () => {
    const keystone = await startKeystone();
    const [api, data] = [await freePorts(2), await temporaryFolder()];
    const args = container.args!.map((text) => text.replace('/etc/stockroom', FOLDER));
    const secrets = { connection: await createEmptyDatabase(), 'keystone-password': SERVICE_PASSWORD };
    const env = Object.fromEntries(
      container.env!.map(({ name, valueFrom }) => [
        name,
        secrets[valueFrom!.secretKeyRef!.key as keyof typeof secrets],
      ]),
    );
    const own = {
      PATH: process.env['PATH'],
      OS_STOCKROOM__PORT: String(api),
      OS_STOCKROOM__ADMIN_PORT: String(api + 1),
      OS_STOCKROOM__DATA_DIR: data,
      OS_STOCKROOM__DRAIN_DELAY: '0',
      OS_KEYSTONE_AUTHTOKEN__AUTH_URL: keystone.url,
    };
    const command = [process.execPath, path.join(ROOT, 'dist/main.js'), ...args];
    const [program = '', ...rest] = CONFINED
      ? ['unshare', '--mount', 'sh', '-c', READ_ONLY, data, ...command]
      : command;
    const run = spawn(program, rest, { env: { ...own, ...env }, stdio: ['ignore', 'ignore', 'pipe'] });
    let errors = '';
    run.stderr.on('data', (text: Buffer) => (errors += text.toString()));
    const ended = once(run, 'exit');
    try {
      const port = { api, admin: api + 1 };
      for (const probe of [container.startupProbe, container.livenessProbe, container.readinessProbe]) {
        const get = probe!.httpGet!;
        await until(`${get.path} returns 200`, async () => {
          assert.equal(run.exitCode, null, errors);
          const url = `http://127.0.0.1:${port[get.port as 'api']}${get.path}`;
          return (await fetch(url).catch(() => null))?.status === 200;
        });
      }
      const metrics = await fetch(`http://127.0.0.1:${port.admin}/metrics`);
      assert.match(await metrics.text(), /^stockroom_build_info/m);
      const token = { 'x-auth-token': keystone.issue() };
      const { status } = await fetch(`http://127.0.0.1:${port.api}/resource_providers`, { headers: token });
      assert.equal(status, 200, errors);
      run.kill('SIGTERM');
      assert.deepEqual(await ended, [0, null], errors);
    } finally {
      run.kill('SIGKILL');
      await keystone.stop();
    }
  });
});
