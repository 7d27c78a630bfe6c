/** Reads members of JSON of unknown form. A member of another type counts as empty or null. Nothing is copied or merged. */

type JsonRecord = Readonly<Record<string, unknown>>;

const EMPTY: JsonRecord = {};

export function asRecord(value: unknown): JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonRecord) : EMPTY;
}

export function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Returns null also for an empty text, because ids and names are never empty. */
export function asText(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
