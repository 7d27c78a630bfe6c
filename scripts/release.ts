import fs from 'node:fs';
import { parseArgs } from 'node:util';
import { PRODUCED, UsageError, git, npm, produce, type Manifest } from './release/produce.js';
import { changelogSection, newChangelog } from './release/changelog.js';
import { problemsOfContents, type PackedFile } from './release/contents.js';
import { problemsOf } from './release/problems.js';

/**
 * Makes a release from a clean main: CHANGELOG.md and package.json get the version, the package and its bill of materials are written to release/, and
 * a commit and a tag are made. It pushes and publishes nothing. `npm run release -- VERSION [--dry-run]`; docs/how-to/release.md has the procedure.
 */
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { 'dry-run': { type: 'boolean', default: false } },
});

try {
  release(positionals, values['dry-run']);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

function release([version, ...others]: readonly string[], dry: boolean): void {
  if (version === undefined || others.length > 0)
    throw new UsageError('Usage: npm run release -- VERSION [--dry-run], for example: npm run release -- 0.2.0');
  const manifest = JSON.parse(fs.readFileSync('package.json', 'utf8')) as Manifest;
  const changelog = fs.readFileSync('CHANGELOG.md', 'utf8');
  rejectIfAny([
    ...problemsOf({
      version,
      manifest,
      changelog,
      branch: git('branch', '--show-current'),
      changed: git('status', '--porcelain').split('\n').filter(Boolean),
      tags: git('tag', '--list', 'v*').split('\n').filter(Boolean),
    }),
    ...audited(),
  ]);

  const date = new Date().toISOString().slice(0, 10);
  console.log(`CHANGELOG.md, ${version} - ${date}:\n\n${changelogSection(changelog)}\n`);
  if (dry) {
    const [packed] = JSON.parse(npm('pack', '--dry-run', '--json', '--ignore-scripts')) as [{ files: PackedFile[] }];
    rejectIfAny(problemsOfContents(packed.files.map(({ path }) => path)));
    console.log(`The package has ${packed.files.length} files, as it is built now.`);
    console.log(`A dry run: nothing is written. Without --dry-run the release is made.`);
    return;
  }

  fs.writeFileSync('CHANGELOG.md', newChangelog(changelog, version, date));
  try {
    npm('version', version, '--no-git-tag-version', '--allow-same-version');
    const { tarball, files } = produce(version);
    rejectIfAny(problemsOfContents(files));
    console.log(`${PRODUCED}/${tarball}: ${files.length} files`);
    git('commit', '--quiet', '--message', `Release ${version}`, 'CHANGELOG.md', 'package.json', 'package-lock.json');
  } catch (error) {
    git('checkout', '--quiet', 'HEAD', '--', 'CHANGELOG.md', 'package.json', 'package-lock.json');
    throw error;
  }
  git('tag', '--annotate', `v${version}`, '--message', `Stockroom ${version}`);
  console.log(`
The commit "Release ${version}" and the tag v${version} are made. Nothing is pushed or published. Next:

  1. .ci/run in a clean clone of the tag; all must pass
  2. git push --atomic origin main v${version}
  3. npm publish ${PRODUCED}/stockroom-${version}.tgz
  4. Add the section of CHANGELOG.md and all files of ${PRODUCED}/ to the release page of v${version}

To take it back before the push: git tag --delete v${version} && git reset --keep HEAD^`);
}

/** What the registry knows against the packages that the service depends on. A registry that cannot say does not prevent a release. */
function audited(): string[] {
  const { metadata } = JSON.parse(npm('audit', '--omit=dev', '--json')) as {
    metadata?: { vulnerabilities: { total: number } };
  };
  if (metadata === undefined) {
    console.warn(
      'The registry in use has no advisories: run `npm audit --omit=dev` with one that has, before you publish.\n',
    );
    return [];
  }
  return metadata.vulnerabilities.total === 0
    ? []
    : ['npm audit --omit=dev has findings: update the packages, or set "overrides" in package.json.'];
}

function rejectIfAny(problems: readonly string[]): void {
  if (problems.length > 0)
    throw new UsageError(['This cannot be released:', ...problems.map((problem) => `  - ${problem}`)].join('\n'));
}
