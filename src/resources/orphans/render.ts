import { jsonString, toJson } from '../../http/json.js';
import { inParts, type Divided } from '../../slices.js';
import type { Judgement, JudgedConsumer } from './store.js';

/** A consumer of the report as the API shows it. */
export interface ConsumerDocument {
  readonly consumer: string;
  readonly type: string | null;
  readonly project_id: string;
  readonly user_id: string;
  readonly consumer_generation: number;
  readonly last_written: string;
  readonly allocations: Readonly<Record<string, { readonly resources: Readonly<Record<string, number>> }>>;
  readonly providers: Readonly<Record<string, { readonly name: string; readonly root: string }>>;
  readonly last_request: string | null;
}

/** The response of POST /stockroom/orphans. */
export interface OrphansDocument {
  readonly judged: number;
  readonly not_judged: Judgement['notJudged'];
  readonly counts: Judgement['counts'];
  readonly orphans: readonly ConsumerDocument[];
  readonly elsewhere: readonly (ConsumerDocument & {
    readonly home: { readonly uuid: string; readonly name: string };
  })[];
  readonly doubled: readonly ConsumerDocument[];
  readonly without_allocations: readonly string[];
  readonly held_by_orphans: Readonly<Record<string, number>>;
  readonly more: boolean;
}

/**
 * @param requests the last request that wrote a consumer, by the id of the consumer, if the history has it
 */
export function* renderReport(judgement: Judgement, requests: ReadonlyMap<number, string>): Divided<string> {
  const { judged, notJudged, counts, orphans, elsewhere, doubled, withoutAllocations, held } = judgement;
  const lastRequest = ({ id }: JudgedConsumer): string | null => requests.get(id) ?? null;
  const document = (one: JudgedConsumer): string => toJson(consumerDocument(one, lastRequest(one)));
  const withHome = (one: JudgedConsumer): string => {
    const [uuid, name] = one.homes?.[0] ?? ['', ''];
    return toJson({ ...consumerDocument(one, lastRequest(one)), home: { uuid, name } });
  };
  const members = [
    `"judged":${judged}`,
    `"not_judged":${toJson(notJudged)}`,
    `"counts":${toJson(counts)}`,
    `"orphans":[${yield* joined(orphans, document)}]`,
    `"elsewhere":[${yield* joined(elsewhere, withHome)}]`,
    `"doubled":[${yield* joined(doubled, document)}]`,
    `"without_allocations":[${yield* joined(withoutAllocations, (key) => jsonString(dashed(key)))}]`,
    `"held_by_orphans":${toJson(Object.fromEntries(held))}`,
    `"more":${hasMore(judgement)}`,
  ];
  return `{${members.join(',')}}`;
}

function hasMore({ counts, orphans, elsewhere, doubled, withoutAllocations }: Judgement): boolean {
  return (
    counts.orphans > orphans.length ||
    counts.elsewhere > elsewhere.length ||
    counts.doubled > doubled.length ||
    counts.without_allocations > withoutAllocations.length
  );
}

function* joined<T>(items: readonly T[], render: (item: T) => string): Divided<string> {
  const texts: string[] = [];
  yield* inParts(items, (item) => void texts.push(render(item)));
  return texts.join();
}

function consumerDocument(one: JudgedConsumer, lastRequest: string | null): ConsumerDocument {
  const allocations: Record<string, { resources: Record<string, number> }> = {};
  const providers: Record<string, { name: string; root: string }> = {};
  for (const [uuid, name, root, className, used] of one.held) {
    (allocations[uuid] ??= { resources: {} }).resources[className] = used;
    providers[uuid] = { name, root };
  }
  const { consumer, type, project_id, user_id, consumer_generation, last_written } = one;
  const owner = { project_id, user_id };
  return {
    consumer,
    type,
    ...owner,
    consumer_generation,
    last_written,
    allocations,
    providers,
    last_request: lastRequest,
  };
}

function dashed(key: string): string {
  return key.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
