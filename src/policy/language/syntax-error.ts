/** An error in a rule, with its position in the text. The parser throws nothing else. */
export class PolicySyntaxError extends Error {
  /** Where in the text, counted from 0. */
  readonly offset: number;
  /** The same place, counted from 1. */
  readonly line: number;
  readonly column: number;

  constructor(message: string, text: string, offset: number) {
    super(message);
    this.offset = offset;
    const before = text.slice(0, offset);
    this.line = before.split('\n').length;
    this.column = offset - before.lastIndexOf('\n');
  }
}
