export interface PackedFile {
  /** From the root of the package. */
  readonly path: string;
}

/** Without these the package does not run, or does not say under which terms. */
const NEEDED = [
  'package.json',
  'LICENSE',
  'README.md',
  'CHANGELOG.md',
  'dist/main.js',
  'dist/index.js',
  'dist/index.d.ts',
  'dist/docs/index.html',
  'dist/docs/openapi.json',
  'dist/console/index.html',
  'dist/console/app.js',
  'dist/console/THIRD-PARTY.txt',
  'deploy/systemd/stockroom.service',
];

/** The only folders and files at the root of the package. */
const ALLOWED = new Set([
  'CHANGELOG.md',
  'CODE_OF_CONDUCT.md',
  'CONTRIBUTING.md',
  'LICENSE',
  'README.md',
  'SECURITY.md',
  'api-ref',
  'deploy',
  'dist',
  'docs',
  'migrations',
  'package.json',
]);

/** What is wrong with the files of a package, a sentence each. `names` are paths from its root, as `npm pack --json` has them. */
export function problemsOfContents(names: readonly string[]): string[] {
  const missing = NEEDED.filter((name) => !names.includes(name));
  if (!names.some((name) => name.startsWith('migrations/'))) missing.push('migrations/');
  const foreign = names.filter(
    (name) =>
      !ALLOWED.has(name.split('/')[0] ?? '') ||
      /\.tsbuildinfo$|^api-ref\/.*\.[jt]s$|(^|\/)\.env|\.pem$|\.key$/.test(name),
  );
  return [
    ...missing.map((name) => `The package lacks ${name}: run \`npm run build\`, and see "files" in package.json.`),
    ...foreign.map((name) => `The package has ${name}: see "files" in package.json.`),
  ];
}
