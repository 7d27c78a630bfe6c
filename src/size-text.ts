const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB'];

/** A readable number of bytes, in decimal units: `512 bytes`, `1.2 MB`. */
export function sizeText(bytes: number): string {
  let [value, place] = [bytes, 0];
  // A value that would be rounded to 1000.0 of a unit is shown as 1.0 of the next one.
  for (; (place === 0 ? value : Number(value.toFixed(1))) >= 1000 && place < UNITS.length - 1; place++) value /= 1000;
  return `${place === 0 ? bytes : value.toFixed(1)} ${UNITS[place] ?? ''}`;
}
