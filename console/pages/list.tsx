import { useState } from 'preact/hooks';
import { download, Failure } from '../api.js';
import type { Buckets, Job, Run, RunWithFiles } from '../documents.js';
import { bytes, count, moment } from '../format.js';
import { Empty, Section, Table, Right } from '../parts/bits.js';
import { Failed, Page, Shown } from '../parts/page.js';
import { durationOf, placeText, scheduleText, StateTag } from '../parts/run-text.js';
import { hrefOf } from '../router.js';
import { isAllowed, messageOf, session, withToken } from '../session.js';
import { useStore } from '../store.js';
import { useResponse } from '../use-response.js';

/** One inventory job: its settings, its runs, and their files. */
export function ListPage({ id }: { readonly id: string }) {
  const now = useStore(session);
  const base = `/stockroom/lists/${encodeURIComponent(id)}`;
  const isShown = isAllowed(now, 'stockroom:lists:show');
  const job = useResponse<Job>(isShown ? base : null);
  const runs = useResponse<{ readonly runs: readonly Run[] }>(isShown ? `${base}/runs?limit=20` : null);
  const buckets = useResponse<Buckets>('/stockroom/list_buckets');
  const isFolder = (bucket: string): boolean =>
    buckets.body?.buckets.some(({ name, type }) => name === bucket && type === 'folder') === true;
  return (
    <Page title={id} views={[job, runs]}>
      <p class="crumbs">
        <a href={hrefOf(['lists'])}>Lists</a>
      </p>
      <Shown of={job} what="the inventory job">
        {(body) => (
          <Section title="Settings">
            <Settings job={body} />
          </Section>
        )}
      </Shown>
      <Section title="Runs">
        <Shown of={runs} what="the runs">
          {(body) =>
            body.runs.length === 0 ? (
              <Empty>The job has not run yet.</Empty>
            ) : (
              <Runs base={base} runs={body.runs} isFolder={isFolder} />
            )
          }
        </Shown>
      </Section>
    </Page>
  );
}

function Settings({ job }: { readonly job: Job }) {
  const {
    enabled,
    filter,
    included_versions: versions,
    optional_fields: fields,
    keep_days: keep,
    notify,
    destination,
  } = job;
  const facts: readonly (readonly [string, string])[] = [
    ['enabled', enabled ? 'yes' : 'no'],
    ['schedule', scheduleText(job)],
    ['next run', moment(job.next_run_at)],
    ['destination', placeText(job)],
    ['encryption', destination.encryption?.type ?? 'as the bucket has it'],
    ['filter', filter === null ? 'none: all inventories' : `keys that begin with ${filter.prefix}`],
    ['versions', versions],
    ['kept', keep === null ? 'forever' : `${count(keep)} days`],
    ['hooks', notify.join(', ') || 'none'],
    ['fields', ['Bucket', 'Key', ...fields].join(', ')],
    ['set', moment(job.updated_at)],
  ];
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <bdi>{value}</bdi>
          </dd>
        </div>
      ))}
    </dl>
  );
}

interface RunsProps {
  /** Path of the job. */
  readonly base: string;
  readonly runs: readonly Run[];
  readonly isFolder: (bucket: string) => boolean;
}

function Runs({ base, runs, isFolder }: RunsProps) {
  const [opened, setOpened] = useState<number | null>(null);
  return (
    <Table
      label="Runs"
      head={[
        'Run',
        'Due',
        'State',
        <Right key="rows">Rows</Right>,
        <Right key="size">Size</Right>,
        <Right key="took">Took</Right>,
        'Why',
        'Machine',
        'List',
      ]}
    >
      {runs.map((run) => (
        <RunRows
          key={run.run}
          base={base}
          run={run}
          isFolder={isFolder}
          isOpen={opened === run.run}
          onToggle={() => {
            setOpened(opened === run.run ? null : run.run);
          }}
        />
      ))}
    </Table>
  );
}

interface RunRowsProps extends Pick<RunsProps, 'base' | 'isFolder'> {
  readonly run: Run;
  readonly isOpen: boolean;
  readonly onToggle: () => void;
}

function RunRows({ base, run, isFolder, isOpen, onToggle }: RunRowsProps) {
  const { manifest, error, warnings } = run;
  return (
    <>
      <tr>
        <th scope="row" class="number">
          {run.run}
        </th>
        <td class="time">{moment(run.due_at)}</td>
        <td>
          <StateTag run={run} />
        </td>
        <td class="number">{run.rows === null ? '-' : count(run.rows)}</td>
        <td class="number">{run.bytes === null ? '-' : bytes(run.bytes)}</td>
        <td class="number">{durationOf(run)}</td>
        <td>{run.reason}</td>
        <td>{run.host ?? '-'}</td>
        <td>
          {manifest !== null && isFolder(manifest.bucket) ? (
            <button type="button" aria-expanded={isOpen} aria-label={`Files of run ${run.run}`} onClick={onToggle}>
              Files
            </button>
          ) : (
            manifest !== null && <code>{`${manifest.bucket}: ${manifest.key}`}</code>
          )}
        </td>
      </tr>
      {(error !== null || warnings.length > 0) && (
        <tr class="note">
          <td colSpan={9}>
            {error !== null && (
              <span class="bad">
                {error.code}: <bdi>{error.message}</bdi>
                {error.retry_at !== null && ` Again at ${moment(error.retry_at)}.`}
              </span>
            )}
            {warnings.map((warning) => (
              <p key={warning}>{warning}</p>
            ))}
          </td>
        </tr>
      )}
      {isOpen && (
        <tr class="note">
          <td colSpan={9}>
            <Files path={`${base}/runs/${run.run}`} />
          </td>
        </tr>
      )}
    </>
  );
}

function Files({ path }: { readonly path: string }) {
  const now = useStore(session);
  const view = useResponse<RunWithFiles>(path);
  return (
    <Shown of={view} what="the files">
      {({ files }) => (
        <ul class="plain files">
          {[{ key: 'manifest.json', size: null }, { key: 'manifest.checksum', size: null }, ...files].map(
            ({ key, size }) => (
              <li key={key}>
                <code>{nameOf(key)}</code> {size !== null && <span class="faint">{bytes(size)}</span>}{' '}
                {isAllowed(now, 'stockroom:lists:read') && (
                  <Download path={`${path}/files/${encodeURIComponent(nameOf(key))}`} name={nameOf(key)} />
                )}
              </li>
            ),
          )}
        </ul>
      )}
    </Shown>
  );
}

function nameOf(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}

/** A link would not send the token: the page reads the file, and the browser saves it. */
function Download({ path, name }: { readonly path: string; readonly name: string }) {
  const [failure, setFailure] = useState<Failure | null>(null);
  const [isBusy, setBusy] = useState(false);

  async function save(): Promise<void> {
    setBusy(true);
    setFailure(null);
    try {
      const file = await withToken((token) => download(path, { token }));
      const link = document.createElement('a');
      link.href = URL.createObjectURL(file);
      link.download = name;
      link.click();
      setTimeout(() => {
        URL.revokeObjectURL(link.href);
      }, 60_000);
    } catch (error) {
      setFailure(error instanceof Failure ? error : new Failure(0, messageOf(error)));
    }
    setBusy(false);
  }

  return (
    <>
      <button type="button" class="quiet" disabled={isBusy} aria-label={`Download ${name}`} onClick={() => void save()}>
        download
      </button>
      {failure !== null && <Failed failure={failure} what={name} />}
    </>
  );
}
