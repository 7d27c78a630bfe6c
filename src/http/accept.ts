/**
 * Rates a media type by an `Accept` header (RFC 9110, 12.5.1). The service does not use the `accepts` package: it does not show ties,
 * which matter for errors (http/error-document.ts), and it treats a malformed header like a header that accepts nothing.
 */

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const RANGE = new RegExp(`^(${TOKEN})/(${TOKEN})((?:[ \\t]*;[ \\t]*${TOKEN}=(?:${TOKEN}|"[^"]*"))*)$`);
const WEIGHT = /^q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/i;

interface MediaRange {
  readonly type: string;
  readonly weight: number;
}

/** Returns how much the client wants a media type, from 0 (not at all) to 1. A header that is absent or malformed accepts everything. */
export function acceptedQuality(accept: string | undefined, mediaType: string): number {
  const ranges = accept === undefined || accept === '' ? null : parseAccept(accept);
  if (ranges === null) return 1;
  const [main = ''] = mediaType.split('/', 1);
  for (const type of [mediaType, `${main}/*`, '*/*']) {
    const matching = ranges.filter((range) => range.type === type);
    if (matching.length > 0) return Math.max(...matching.map(({ weight }) => weight));
  }
  return 0;
}

/** Returns null when the header is malformed. A range with parameters matches no type of this service. */
function parseAccept(accept: string): MediaRange[] | null {
  const ranges: MediaRange[] = [];
  for (const element of accept.split(',').map((part) => part.trim())) {
    if (element === '') continue;
    const [, main, sub, rest = ''] = RANGE.exec(element) ?? [];
    if (main === undefined || sub === undefined || (main === '*' && sub !== '*')) return null;
    const parameters = rest.split(';').map((part) => part.trim());
    const weights = parameters.filter((parameter) => /^q=/i.test(parameter));
    const weight = weights[0] === undefined ? 1 : Number(WEIGHT.exec(weights[0])?.[1] ?? Number.NaN);
    if (Number.isNaN(weight)) return null;
    const hasParameters = parameters.length - weights.length > 1;
    ranges.push({ type: hasParameters ? element : `${main}/${sub}`.toLowerCase(), weight });
  }
  return ranges;
}
