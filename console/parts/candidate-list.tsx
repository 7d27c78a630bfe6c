import type { Candidates } from '../documents.js';
import { count, counted } from '../format.js';
import { parseQuery, formatQuery } from '../query.js';
import { hrefWithQuery } from '../router.js';
import { isAllowed, session } from '../session.js';
import { useStore } from '../store.js';
import { useResponse } from '../use-response.js';
import { AmountsText, Section, Table } from './bits.js';
import { KnownProvider } from './known-provider.js';
import { Shown } from './page.js';

const LIMIT = 50;
/** Parameters that only the explanation has. */
const OWN = ['show', 'provider', 'limit'];

/** The candidates for a query, as a scheduler gets them. */
export function CandidateList({ query, version }: { readonly query: string; readonly version: string | undefined }) {
  const now = useStore(session);
  const parsed = parseQuery(query);
  const others = parsed.others.filter(([name]) => !OWN.includes(name));
  // The limit is one of 1.16.
  const isLimited = version === undefined || Number(version.split('.')[1]) >= 16;
  const plain = formatQuery({ ...parsed, others: isLimited ? [...others, ['limit', String(LIMIT)]] : others });
  const isOffered = isAllowed(now, 'placement:allocation_candidates:list');
  const view = useResponse<Candidates>(isOffered ? `/allocation_candidates?${plain}` : null, version);
  if (!isOffered) return null;
  return (
    <Section
      title="Candidates"
      aside={<a href={hrefWithQuery(['capacity'], formatQuery({ ...parsed, others }))}>How many more fit?</a>}
    >
      <Shown of={view} what="the candidates">
        {({ allocation_requests: requests }) => (
          <>
            <p class="faint">
              {counted(requests.length, 'candidate')}
              {requests.length === LIMIT && `, the first ${count(LIMIT)}`}
            </p>
            <Table label="Candidates" head={['Candidate', 'Allocations']}>
              {requests.slice(0, LIMIT).map(({ allocations }, index) => (
                <tr key={index}>
                  <th scope="row" class="number">
                    {index + 1}
                  </th>
                  <td>
                    <ul class="plain">
                      {allocationsOf(allocations).map(([uuid, resources]) => (
                        <li key={uuid}>
                          <KnownProvider uuid={uuid} />: <AmountsText of={resources} />
                        </li>
                      ))}
                    </ul>
                  </td>
                </tr>
              ))}
            </Table>
          </>
        )}
      </Shown>
    </Section>
  );
}

type OfOne = Candidates['allocation_requests'][number]['allocations'];

/** Before 1.12 allocations are a list. */
function allocationsOf(allocations: OfOne): (readonly [string, Readonly<Record<string, number>>])[] {
  const given: unknown = allocations;
  if (!Array.isArray(given)) return Object.entries(allocations).map(([uuid, { resources }]) => [uuid, resources]);
  return (given as OldAllocation[]).map(({ resource_provider: { uuid }, resources }) => [uuid, resources]);
}

interface OldAllocation {
  readonly resource_provider: { readonly uuid: string };
  readonly resources: Readonly<Record<string, number>>;
}
