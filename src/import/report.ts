import type pg from 'pg';
import { FINDINGS, type Finding, type FindingKind } from './findings.js';

/** The number of rows with one kind of finding. */
export interface FindingCount {
  readonly kind: FindingKind;
  readonly count: number;
}

const PER_PAGE = 1000;
const EXAMPLES = 10;

/** The counts in the order of the rules. */
export async function findingCounts(client: pg.ClientBase): Promise<FindingCount[]> {
  const { rows } = await client.query<{ kind: FindingKind; count: string }>(
    'select kind, count(*) from findings group by kind',
  );
  const counts = new Map(rows.map(({ kind, count }) => [kind, Number(count)]));
  return (Object.keys(FINDINGS) as FindingKind[]).flatMap((kind) => {
    const count = counts.get(kind);
    return count === undefined ? [] : [{ kind, count }];
  });
}

interface FoundRow {
  readonly number: string;
  readonly subject: string;
  readonly detail: string | null;
}

/** Yields the rows of one kind in pages, because there may be as many as rows in the source. */
async function* findingRows(client: pg.ClientBase, kind: FindingKind, perPage = PER_PAGE): AsyncIterable<FoundRow[]> {
  for (let after = '0'; ;) {
    const { rows } = await client.query<FoundRow>(
      'select number, subject, detail from findings where kind = $1 and number > $2 order by number limit $3',
      [kind, after, perPage],
    );
    if (rows.length > 0) yield rows;
    if (rows.length < perPage) return;
    after = rows.at(-1)?.number ?? after;
  }
}

/** Renders the findings as text: each with its rule and some of its rows. */
export async function* findingsText(client: pg.ClientBase, counts: readonly FindingCount[]): AsyncIterable<string> {
  for (const { kind, count } of counts) {
    const { done, what, rule }: Finding = FINDINGS[kind];
    yield `${done} ${count.toLocaleString('en')}: ${what} (${kind})\n    ${rule}`;
    for await (const rows of findingRows(client, kind, EXAMPLES)) {
      for (const { subject, detail } of rows) yield `    - ${subject}${detail === null ? '' : `: ${detail}`}`;
      break;
    }
    if (count > EXAMPLES) yield `    - and ${(count - EXAMPLES).toLocaleString('en')} more; --json lists all`;
  }
}

/** Renders the findings as the text of a JSON array with all rows. */
export async function* findingsJson(client: pg.ClientBase, counts: readonly FindingCount[]): AsyncIterable<string> {
  yield '[';
  for (const [index, { kind, count }] of counts.entries()) {
    const head = JSON.stringify({ kind, ...FINDINGS[kind], count });
    yield `${index === 0 ? '' : ','}${head.slice(0, -1)},"rows":[`;
    let first = true;
    for await (const rows of findingRows(client, kind)) {
      yield `${first ? '' : ','}${rows.map(({ subject, detail }) => JSON.stringify({ subject, detail })).join(',')}`;
      first = false;
    }
    yield ']}';
  }
  yield ']';
}

/** Renders the table of the findings for the documentation. */
export function findingsTable(): string {
  const rows = Object.entries<Finding>(FINDINGS).map(
    ([kind, { done, what, rule }]) => `| ${what} | ${done} | ${rule} | \`${kind}\` |`,
  );
  return ['| what | done | rule | in the report |', '| --- | --- | --- | --- |', ...rows].join('\n');
}
