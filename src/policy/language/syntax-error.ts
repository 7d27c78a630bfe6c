/** An error in a rule, with its position in the text. The parser throws nothing else. */
export class PolicySyntaxError extends Error {
  /** The position in the text, counted from 0. */
  readonly offset: number;
  /** Line and column of the position, counted from 1. */
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
