import { versioned } from './options.js';
import { asArray, asRecord, asText } from './json.js';

/** The part of a catalog that the service uses: a service and its URLs. */
interface CatalogEntry {
  readonly type: string;
  readonly endpoints: readonly Endpoint[];
}

interface Endpoint {
  readonly interface: string | null;
  readonly region: string | null;
  readonly url: string | null;
}

/** Reads the catalog of a token. Leaves out entries with another form. */
export function parseCatalog(value: unknown): readonly CatalogEntry[] {
  return asArray(value).flatMap((one) => {
    const entry = asRecord(one);
    const type = asText(entry['type']);
    if (type === null) return [];
    const endpoints = asArray(entry['endpoints'])
      .map(asRecord)
      .map((endpoint) => ({
        interface: asText(endpoint['interface']),
        region: asText(endpoint['region_id']) ?? asText(endpoint['region']),
        url: asText(endpoint['url']),
      }));
    return [{ type, endpoints }];
  });
}

/** The URL, ending in /v3, at which Keystone validates tokens; null when the catalog has none. */
export function identityEndpoint(
  catalog: readonly CatalogEntry[],
  wanted: { readonly interface: string; readonly region: string | null },
): string | null {
  for (const { type, endpoints } of catalog) {
    if (type !== 'identity') continue;
    for (const endpoint of endpoints) {
      if (endpoint.interface?.replace(/URL$/, '') !== wanted.interface) continue;
      if (wanted.region !== null && endpoint.region !== wanted.region) continue;
      if (endpoint.url !== null && isHttp(endpoint.url)) return versioned(endpoint.url);
    }
  }
  return null;
}

function isHttp(url: string): boolean {
  return URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
}
