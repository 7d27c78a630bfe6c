/** From the heading to the next heading of a version, or the end. */
const UNRELEASED = /^## Unreleased\n([^]*?)(?=^## |(?![^]))/m;

/** What stands under "Unreleased" in a changelog, without white space around it; '' when there is no such heading, or nothing below it. */
export function changelogSection(changelog: string): string {
  return UNRELEASED.exec(changelog)?.[1]?.trim() ?? '';
}

/** The changelog in which the section "Unreleased" has become that of a version, with an empty one above it. `date` is YYYY-MM-DD. */
export function newChangelog(changelog: string, version: string, date: string): string {
  return changelog.replace(/^## Unreleased\n/m, `## Unreleased\n\n## ${version} - ${date}\n`);
}
