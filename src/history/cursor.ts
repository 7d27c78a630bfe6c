/**
 * A place in the stream: all batches before `mark`, and of that one all changes up to `seq`, have been seen. Read backwards (`before`), it
 * is the place of the first change that is not asked for. Mark 0 has the changes of former histories.
 */
export interface Cursor {
  readonly history: number;
  readonly mark: number;
  readonly seq: number;
}

/** @returns null for what is no cursor */
export function parseCursor(text: string): Cursor | null {
  const found = /^(\d{1,5})\.(\d{1,15})\.(\d{1,15})$/.exec(text);
  if (found === null) return null;
  return { history: Number(found[1]), mark: Number(found[2]), seq: Number(found[3]) };
}

export function cursorText({ history, mark, seq }: Cursor): string {
  return `${history}.${mark}.${seq}`;
}
