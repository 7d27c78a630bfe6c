/** What the check knows of one block of commands on a page. */
export interface Step {
  /** The heading above it. */
  readonly heading: string;
  /** What it prints, besides ending well. */
  readonly prints?: readonly string[];
  /** It fetches and installs packages, which may take long. */
  readonly installs?: boolean;
}

export interface Block extends Step {
  readonly commands: string;
  /** The line `<!-- in the clone -->` stands before it: it is for another machine. */
  readonly isElsewhere: boolean;
}

/**
 * The shell blocks of a page in their order, each with the step that the check has for it.
 *
 * @throws Error when the page has commands that the check does not know, or does not have those that it knows
 */
export function blocksOf(page: string, steps: readonly Step[]): Block[] {
  const found = page.split(/^## /m).flatMap((section) => {
    const heading = section.split('\n', 1).join('');
    const blocks = section.matchAll(/^(<!-- in the clone -->\n\n)?```sh\n([^]*?)^```$/gm);
    return Array.from(blocks, ([, mark, commands = '']) => ({ heading, commands, isElsewhere: mark !== undefined }));
  });
  const [there, known] = [found, steps].map((all) => all.map(({ heading }) => heading).join('\n'));
  if (there !== known) throw new Error(`The page has blocks below\n${there}\nand the check knows\n${known}`);
  return found.map((block, index) => ({ ...steps[index], ...block }));
}
