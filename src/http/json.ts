/** JSON as upstream writes it: ASCII only, everything else as \uXXXX. */
export function toJson(value: unknown): string {
  return asciiOnly(JSON.stringify(value));
}

/** The JSON of one string, quotes included. */
export function jsonString(text: string): string {
  return asciiOnly(JSON.stringify(text));
}

function asciiOnly(json: string): string {
  // The test is cheap, and nearly always finds nothing: names, UUIDs and classes are ASCII.
  if (!/[\u007f-\uffff]/.test(json)) return json;
  return json.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** A number as a JSON float, the way upstream shows allocation ratios: `1.0`, `1.37`, `3e+38`. */
export function jsonFloat(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e16 ? `${value}.0` : String(value);
}
