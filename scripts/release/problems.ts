import { compare, rsort, valid } from 'semver';
import { changelogSection } from './changelog.js';
import type { Manifest } from './produce.js';

export interface State {
  /** The one that is asked for. */
  readonly version: string;
  readonly manifest: Manifest;
  /** The text of CHANGELOG.md. */
  readonly changelog: string;
  readonly branch: string;
  /** Lines of `git status --porcelain`. */
  readonly changed: readonly string[];
  /** Tags that begin with v. */
  readonly tags: readonly string[];
}

/** Why this state of the repository cannot be released as this version, and what to do: a sentence each. Empty when it can. */
export function problemsOf({ version, manifest, changelog, branch, changed, tags }: State): string[] {
  const problems: string[] = [];
  const released = rsort(tags.map((tag) => tag.slice(1)).filter((tag) => valid(tag) !== null));
  if (valid(version) !== version) {
    problems.push(`"${version}" is no version: give MAJOR.MINOR.PATCH, for example 0.2.0.`);
  } else {
    const [newest] = released;
    if (newest !== undefined && compare(version, newest) <= 0)
      problems.push(`${version} is not above ${newest}, the newest release: give a higher version.`);
    if (compare(version, manifest.version) < 0)
      problems.push(`${version} is below ${manifest.version}, the version in package.json: give that or a higher one.`);
  }
  if (branch !== 'main')
    problems.push(`The branch is ${branch || 'none'}: releases are made from main (git switch main).`);
  if (changed.length > 0)
    problems.push(`The tree has changes that are not committed: commit or remove them.\n    ${changed.join('\n    ')}`);
  if (changelogSection(changelog) === '')
    problems.push('CHANGELOG.md has nothing under "## Unreleased": say there what users see.');
  const absent = (['repository', 'bugs', 'homepage'] as const).filter((field) => manifest[field] === undefined);
  if (absent.length > 0)
    problems.push(
      `package.json does not say where the project is (${absent.join(', ')}): a reader of the package finds neither source nor tracker. ` +
        'Set them with `npm pkg set repository.type=git repository.url=git+https://HOST/OWNER/stockroom.git bugs.url=... homepage=...`, and commit.',
    );
  if (manifest.private === true)
    problems.push('package.json is private, so npm does not publish it: run `npm pkg delete private`, and commit.');
  return problems;
}
