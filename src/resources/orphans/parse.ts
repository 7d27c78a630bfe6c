import { schemaMismatch } from '../../errors.js';
import { normalizeUuid } from '../../http/validate.js';
import { inParts, withPauses, type Divided } from '../../slices.js';
import { orphansBody, type OrphansBody } from './schema.js';

/** The live consumers, and the scope of the audit (docs/contract/audit-and-orphans.md#post-stockroomorphans). */
export interface OrphansQuery {
  /** The consumer and the home, or null, of each entry of `live`. */
  readonly live: { readonly keys: readonly string[]; readonly homes: readonly (string | null)[] };
  readonly alsoLive: readonly string[];
  /** When the client began to make the lists. */
  readonly takenAt: Date;
  /** Seconds. */
  readonly olderThan: number;
  /** Null for all types. An item `null` is for consumers without a recorded type. */
  readonly consumerTypes: readonly (string | null)[] | null;
  /** Null for all classes. */
  readonly resourceClasses: readonly string[] | null;
  /** The most entries of each list of the report. */
  readonly limit: number;
  /** The client expects at most so many orphans. Null when only the limits of guard.ts apply. */
  readonly expectAtMost: number | null;
}

/** The scope of the audit of Nova (docs/contract/audit-and-orphans.md#post-stockroomorphans). */
const NOVA_CLASSES = [
  'VCPU',
  'PCPU',
  'MEMORY_MB',
  'DISK_GB',
  'VGPU',
  'NET_BW_EGR_KILOBIT_PER_SEC',
  'NET_BW_IGR_KILOBIT_PER_SEC',
  'MEM_ENCRYPTION_CONTEXT',
];

const DEFAULTS = { olderThan: 900, limit: 1000 };

/** @throws 400 that names the member, with the number of the item, the expected value and the value that the client sent */
export async function parseOrphansQuery(value: unknown): Promise<OrphansQuery> {
  const body = orphansBody(value);
  const takenAt = timeOf(body.taken_at);
  const live = await withPauses(liveOf(body.live));
  const alsoLive = await withPauses(alsoLiveOf(body.also_live ?? []));
  return { live, alsoLive, takenAt, ...settingsOf(body) };
}

function settingsOf(body: OrphansBody) {
  const { consumer_types, resource_classes, older_than, limit, expect_at_most } = body;
  const classes = resource_classes ?? NOVA_CLASSES;
  return {
    olderThan: older_than ?? DEFAULTS.olderThan,
    consumerTypes: consumer_types ?? null,
    resourceClasses: classes.length === 0 ? null : classes,
    limit: limit ?? DEFAULTS.limit,
    expectAtMost: expect_at_most ?? null,
  };
}

/** ISO 8601 with the offset from UTC. Without the offset, the time zone of the machine that made the list would be unknown. */
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})$/;

function timeOf(text: string): Date {
  const time = new Date(text.replace(/([+-]\d{2})(\d{2})$/, '$1:$2'));
  if (TIME.test(text) && !Number.isNaN(time.getTime())) return time;
  throw wrong('taken_at', 'a time in ISO 8601 with an offset, such as 2026-11-25T21:00:00+00:00', text);
}

const UUID = 'a UUID';
const ENTRY =
  'a UUID, or an object with a UUID as "consumer" and the UUID or name of a resource provider as "provider"';

function* liveOf(items: readonly unknown[]): Divided<OrphansQuery['live']> {
  const keys: string[] = [];
  const homes: (string | null)[] = [];
  yield* inParts(items, (item) => {
    const at = `live[${keys.length}]`;
    const { consumer, home } = entryOf(item) ?? fail(at, ENTRY, item);
    keys.push(keyOf(consumer) ?? fail(at, ENTRY, item));
    homes.push(home);
  });
  return { keys, homes };
}

function* alsoLiveOf(items: readonly unknown[]): Divided<string[]> {
  const keys: string[] = [];
  yield* inParts(items, (item) => {
    keys.push(keyOf(item) ?? fail(`also_live[${keys.length}]`, UUID, item));
  });
  return keys;
}

/** Returns null when the item is not a valid entry. */
function entryOf(item: unknown): { consumer: unknown; home: string | null } | null {
  if (typeof item === 'string') return { consumer: item, home: null };
  if (typeof item !== 'object' || item === null) return null;
  const { consumer, provider = null, ...others } = item as Record<string, unknown>;
  if (Object.keys(others).length > 0) return null;
  if (provider === null) return { consumer, home: null };
  const isName = typeof provider === 'string' && provider !== '' && provider.length <= 255 && isStorable(provider);
  return isName ? { consumer, home: provider } : null;
}

/** PostgreSQL stores neither NUL nor half of a surrogate pair. */
function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

/** Returns the digits of a UUID. Consumers are compared by them, because a list may have UUIDs in any spelling. */
function keyOf(consumer: unknown): string | null {
  return typeof consumer === 'string' ? (normalizeUuid(consumer)?.replaceAll('-', '') ?? null) : null;
}

function fail(at: string, expected: string, got: unknown): never {
  throw wrong(at, expected, got);
}

function wrong(at: string, expected: string, got: unknown): Error {
  const text = JSON.stringify(got);
  return schemaMismatch(`${at}: expected ${expected}, got ${text.length > 200 ? `${text.slice(0, 200)}...` : text}`);
}
