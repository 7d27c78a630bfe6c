import type { ComponentChildren } from 'preact';
import type { Overview, Readiness, VersionDocument } from '../documents.js';
import { bytes, count, duration, moment } from '../format.js';
import { Section, Table } from '../parts/bits.js';
import { Failed, Page } from '../parts/page.js';
import { isAllowed, session } from '../session.js';
import { useStore } from '../store.js';
import { readinessOf } from '../readiness.js';
import { useResponse } from '../use-response.js';

/** Whether the service works, and its parts. It needs no token; with one it says more. */
export function HealthPage() {
  const now = useStore(session);
  const alive = useResponse<object>('/healthz');
  const ready = useResponse<Readiness>('/readyz');
  const versions = useResponse<VersionDocument>('/');
  const overview = useResponse<Overview>(isAllowed(now, 'stockroom:overview') ? '/stockroom/overview' : null);
  const readiness = readinessOf(ready);
  const isAway = alive.failure?.status === 0;
  const { database, topology, keystone, workers } = readiness ?? {};
  const [version] = versions.body?.versions ?? [];
  return (
    <Page title="Health" views={[alive, ready, versions, overview]}>
      {readiness === null && ready.failure !== null && (
        <Failed failure={ready.failure} what="the state of the service" />
      )}
      {readiness === null && ready.failure === null && <p class="loading">Reading the state of the service…</p>}
      {readiness !== null && (
        <div class="shown">
          <p class={`verdict ${readiness.ready ? 'good' : 'bad'}`}>
            {readiness.ready ? '✓ The service is ready.' : `✗ The service is not ready: ${readiness.reason}.`}
          </p>
          <Section title="Parts">
            <Table label="Parts of the service" head={['Part', 'State', 'Details']}>
              <Part name="Process" isGood={!isAway} state={isAway ? 'away' : 'alive'}>
                {readiness.draining ? 'It finishes what has begun, and ends.' : 'It takes requests.'}
                {overview.body !== null && ` ${upText(overview.body)}`}
              </Part>
              {workers !== undefined && (
                <Part
                  name="Workers"
                  isGood={workers.ready === workers.of}
                  state={`${workers.ready} of ${workers.of} ready`}
                >
                  The other rows are of one of them.
                </Part>
              )}
              {database !== undefined && (
                <Part name="Database" isGood={database.usable} state={database.usable ? 'usable' : 'not usable'}>
                  probed in {duration(database.milliseconds / 1000)}
                </Part>
              )}
              {topology !== undefined && (
                <Part name="Topology" isGood={topology.loaded} state={topology.loaded ? 'loaded' : 'not loaded'}>
                  {topology.age_seconds !== null && `caught up ${duration(topology.age_seconds)} ago, `}
                  {count(topology.lag_transactions)} transactions behind
                  {overview.body !== null && `, ${count(overview.body.providers)} providers`}
                </Part>
              )}
              {keystone !== undefined && (
                <Part name="Keystone" isGood={keystone.responds !== false} state={stateOf(keystone.responds)}>
                  Known tokens go on working while it is away.
                </Part>
              )}
              {overview.body !== null && <History history={overview.body.history} />}
              {version !== undefined && (
                <Part name="API" isGood state="served">
                  microversions {version.min_version} to {version.max_version}
                </Part>
              )}
            </Table>
          </Section>
        </div>
      )}
    </Page>
  );
}

function stateOf(responds: boolean | null): string {
  if (responds === null) return 'not asked yet';
  return responds ? 'responds' : 'does not respond';
}

/** The clock of the reader may be another one: a process that has just started is up for 0 s. */
function upText({ process: { version, started_at: start } }: Overview): string {
  return `Stockroom ${version}, up for ${duration((Date.now() - new Date(start).getTime()) / 1000)}.`;
}

function History({ history: { recording, bytes: size, oldest } }: Pick<Overview, 'history'>) {
  return (
    <Part name="History" isGood state={recording ? 'recorded' : 'off'}>
      {oldest === null ? 'no changes are kept' : `all changes since ${moment(oldest)}`}, {bytes(size)}
    </Part>
  );
}

interface PartProps {
  readonly name: string;
  readonly isGood: boolean;
  readonly state: string;
  readonly children: ComponentChildren;
}

function Part({ name, isGood, state, children }: PartProps) {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td class={isGood ? 'good' : 'bad'}>
        {isGood ? '✓' : '✗'} {state}
      </td>
      <td>{children}</td>
    </tr>
  );
}
