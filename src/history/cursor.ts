/**
 * A position in the stream: the reader has seen all batches before `mark`, and the changes up to `seq` in the batch of `mark`. For
 * reading backwards (`before`), it is the position of the first change that the page leaves out. Mark 0 has the changes of former
 * histories.
 */
export interface Cursor {
  readonly history: number;
  readonly mark: number;
  readonly seq: number;
}

/** @returns null when the text is not a cursor */
export function parseCursor(text: string): Cursor | null {
  const found = /^(\d{1,5})\.(\d{1,15})\.(\d{1,15})$/.exec(text);
  if (found === null) return null;
  return { history: Number(found[1]), mark: Number(found[2]), seq: Number(found[3]) };
}

export function cursorText({ history, mark, seq }: Cursor): string {
  return `${history}.${mark}.${seq}`;
}
