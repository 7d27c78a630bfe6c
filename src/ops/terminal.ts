/** A line of standard output. */
export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** A line of standard error. */
export function complain(line: string): void {
  process.stderr.write(`${line}\n`);
}
