import { useState } from 'preact/hooks';
import { Failure } from '../api.js';
import type { Job, JobList } from '../documents.js';
import { count, moment } from '../format.js';
import { Empty, Table, Right } from '../parts/bits.js';
import { Failed, Page, Shown } from '../parts/page.js';
import { durationOf, placeText, scheduleText, StateTag } from '../parts/run-text.js';
import { hrefOf } from '../router.js';
import { messageOf } from '../session.js';
import { askOnce, useResponse } from '../use-response.js';

/** The inventory jobs, and how their last runs went. */
export function ListsPage() {
  const view = useResponse<JobList>('/stockroom/lists');
  return (
    <Page title="Lists" views={[view]}>
      <Shown of={view} what="the inventory jobs">
        {(first) => <Jobs first={first} />}
      </Shown>
    </Page>
  );
}

function Jobs({ first }: { readonly first: JobList }) {
  const [more, setMore] = useState<JobList | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const jobs = [...first.lists, ...(more?.lists ?? [])];
  const next = more === null ? first.next : more.next;
  if (jobs.length === 0) {
    return (
      <Empty>
        There is no inventory job. A command sets one: <code>stockroom lists set nightly --daily 02:00</code>
      </Empty>
    );
  }

  async function readMore(after: string): Promise<void> {
    try {
      const page = await askOnce<JobList>(`/stockroom/lists?after=${encodeURIComponent(after)}`);
      setMore({ lists: [...(more?.lists ?? []), ...page.lists], next: page.next });
      setFailure(null);
    } catch (error) {
      setFailure(error instanceof Failure ? error : new Failure(0, messageOf(error)));
    }
  }

  return (
    <>
      <Table
        label="Inventory jobs"
        head={[
          'Job',
          'Last run',
          'State',
          <Right key="rows">Rows</Right>,
          <Right key="took">Took</Right>,
          'Schedule',
          'Destination',
          'Next run',
        ]}
      >
        {jobs.map((job) => (
          <JobRow key={job.id} job={job} />
        ))}
      </Table>
      {failure !== null && <Failed failure={failure} what="the next jobs" />}
      {next !== null && (
        <button type="button" onClick={() => void readMore(next)}>
          More
        </button>
      )}
    </>
  );
}

function JobRow({ job }: { readonly job: Job }) {
  const { id, enabled, last_run: run } = job;
  return (
    <tr>
      <th scope="row">
        <a href={hrefOf(['lists', id])}>{id}</a>
        {!enabled && <span class="tag">disabled</span>}
      </th>
      <td class="time">{run === null ? 'never' : moment(run.started_at ?? run.due_at)}</td>
      <td>{run !== null && <StateTag run={run} />}</td>
      <td class="number">{run?.rows === null || run === null ? '-' : count(run.rows)}</td>
      <td class="number">{run === null ? '-' : durationOf(run)}</td>
      <td>{scheduleText(job)}</td>
      <td>{placeText(job)}</td>
      <td class="time">{moment(job.next_run_at)}</td>
    </tr>
  );
}
