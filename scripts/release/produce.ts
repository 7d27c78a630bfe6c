import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { PackedFile } from './contents.js';

/** The parts of package.json that a release reads. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly repository?: unknown;
  readonly bugs?: unknown;
  readonly homepage?: unknown;
}

/** A component of a CycloneDX document, as `npm sbom` writes it. */
interface Component {
  readonly 'bom-ref': string;
  readonly name: string;
  readonly properties: readonly { readonly name: string }[];
}

interface Bom {
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

/** What keeps a release from being made, in words for the one who makes it. */
export class UsageError extends Error {}

/** The folder of what is published: the package, its bill of materials, and their checksums. */
export const PRODUCED = 'release';

/** Builds and packs the working tree into PRODUCED. Returns the name of the package's file, and the paths in it. */
export function produce(version: string): { tarball: string; files: string[] } {
  fs.rmSync(PRODUCED, { recursive: true, force: true });
  fs.mkdirSync(PRODUCED);
  // The hook `prepack` builds. Its own output precedes the JSON.
  const output = npm('pack', '--json', '--pack-destination', PRODUCED);
  const [packed] = JSON.parse(output.slice(output.lastIndexOf('\n[') + 1)) as [
    { filename: string; files: PackedFile[] },
  ];
  const bom = `stockroom-${version}.cdx.json`;
  fs.writeFileSync(path.join(PRODUCED, bom), `${JSON.stringify(billOfMaterials(), null, 2)}\n`);
  const sums = [packed.filename, bom].map((name) => {
    const hash = createHash('sha256').update(fs.readFileSync(path.join(PRODUCED, name)));
    return `${hash.digest('hex')}  ${name}\n`;
  });
  fs.writeFileSync(path.join(PRODUCED, 'SHA256SUMS'), sums.join(''));
  return { tarball: packed.filename, files: packed.files.map((file) => file.path) };
}

/**
 * In CycloneDX: what npm installs with the service, and what the build bundles into the console. `npm sbom --omit=dev` would leave out dependencies of the
 * service that a development dependency has, too.
 */
function billOfMaterials(): Bom {
  const all = JSON.parse(
    npm('sbom', '--sbom-format=cyclonedx', '--sbom-type=application', '--package-lock-only'),
  ) as Bom;
  const bundled = bundledPackages();
  const components = all.components.filter(
    ({ name, properties }) =>
      bundled.has(name) || !properties.some((property) => property.name === 'cdx:npm:package:development'),
  );
  const root = all.metadata.component;
  const refs = new Set([root, ...components].map((component) => component['bom-ref']));
  return {
    ...all,
    // npm takes the name of the folder.
    metadata: { ...all.metadata, component: { ...root, name: 'stockroom' } },
    components,
    dependencies: all.dependencies
      .filter(({ ref }) => refs.has(ref))
      .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((other) => refs.has(other)) })),
  };
}

/** Names of the packages in the bundle, by the list that scripts/console.js writes for their licences. */
function bundledPackages(): Set<string> {
  const list = fs.readFileSync('dist/console/THIRD-PARTY.txt', 'utf8');
  return new Set(Array.from(list.matchAll(/^(\S+) \d+\.\S+ \(.+\)$/gm), ([, name = '']) => name));
}

export function git(...args: readonly string[]): string {
  return run('git', args, [0]).trimEnd();
}

/** npm audit ends with 1 when it has findings; what it prints says the same. */
export function npm(...args: readonly string[]): string {
  return run('npm', args, args[0] === 'audit' ? [0, 1] : [0]);
}

function run(program: string, args: readonly string[], codes: readonly number[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (error !== undefined) throw error;
  if (status === null || !codes.includes(status))
    throw new UsageError(`${program} ${args.join(' ')} ended with ${String(status)}:\n${stdout}${stderr}`);
  return stdout;
}
