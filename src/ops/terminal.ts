/**
 * A terminal or a pipe that nothing reads any more does not end the program; without listeners the event would, and what it has
 * started would go on without it.
 */
export function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}

/** A line of standard output. */
export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** A line of standard error. */
export function complain(line: string): void {
  process.stderr.write(`${line}\n`);
}
