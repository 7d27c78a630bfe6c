import type { ComponentChildren } from 'preact';
import type { Change } from '../documents.js';
import { amount, moment } from '../format.js';
import { hrefOf } from '../router.js';
import { ConsumerLink, Name, ProviderLink } from './bits.js';

/** Changes, a line each that opens. */
export function ChangeLines({ changes }: { readonly changes: readonly Change[] }) {
  return (
    <ol class="changes">
      {changes.map((change) => (
        <li key={change.cursor}>
          <details>
            <summary>
              <time dateTime={change.at}>{moment(change.at)}</time>
              <span class={`tag ${change.action}`}>{change.action}</span>
              <span class="kind">{change.kind.replaceAll('_', ' ')}</span>
              <span class="what">
                <Subject change={change} />
              </span>
              <span class="difference">{differences(change).map(differenceText).join(', ')}</span>
            </summary>
            <Opened change={change} />
          </details>
        </li>
      ))}
    </ol>
  );
}

/** What changed, in a few words. */
function Subject({ change: { provider, consumer, name } }: { readonly change: Change }) {
  const where = provider?.name ?? provider?.uuid ?? null;
  return (
    <>
      {name !== undefined && <Name of={name} most={32} />}
      {consumer !== undefined && <code>{consumer.uuid?.slice(0, 8) ?? 'unknown'}</code>}
      {where !== null && (
        <>
          {(name !== undefined || consumer !== undefined) && ' on '}
          <Name of={where} most={32} />
        </>
      )}
    </>
  );
}

interface Difference {
  readonly name: string;
  readonly before: string | null;
  readonly after: string | null;
}

/** Member by member; what is equal is left out. */
function differences({ kind, before, after }: Change): Difference[] {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  const show = (name: string, value: unknown): string | null => {
    if (value === undefined) return null;
    if (typeof value === 'number') return kind === 'allocations' ? amount(name, value).text : String(value);
    if (Array.isArray(value)) return value.join(', ');
    return typeof value === 'string' ? value : JSON.stringify(value);
  };
  return names
    .map((name) => ({ name, before: show(name, before?.[name]), after: show(name, after?.[name]) }))
    .filter((one) => one.before !== one.after && (one.before ?? one.after) !== '' && !isUsual(one));
}

/** What a new inventory or provider has unless it is said. */
const USUAL: Readonly<Record<string, string>> = {
  reserved: '0',
  min_unit: '1',
  max_unit: '2147483647',
  step_size: '1',
  allocation_ratio: '1',
  parent_provider_uuid: 'null',
};

function isUsual({ name, before, after }: Difference): boolean {
  if (before !== null && after !== null) return false;
  const value = before ?? after;
  // The name stands before it.
  return name === 'name' || USUAL[name] === value;
}

function differenceText({ name, before, after }: Difference): string {
  if (before === null) return `${name} ${after ?? ''}`;
  if (after === null) return `${name} ${before} → none`;
  return `${name} ${before} → ${after}`;
}

function Opened({ change }: { readonly change: Change }) {
  const { provider, consumer, before, after, request, by, cursor } = change;
  return (
    <div class="opened">
      <dl class="facts">
        {provider?.uuid !== undefined && provider.uuid !== null && (
          <Fact name="provider">
            <ProviderLink uuid={provider.uuid} name={provider.name} /> (
            <a href={hrefOf(['changes'], { provider: provider.uuid })}>its changes</a>)
          </Fact>
        )}
        {consumer?.uuid !== undefined && consumer.uuid !== null && (
          <Fact name="consumer">
            <ConsumerLink uuid={consumer.uuid} /> {consumer.type ?? ''} (
            <a href={hrefOf(['changes'], { consumer: consumer.uuid })}>its changes</a>)
          </Fact>
        )}
        {request !== null && (
          <>
            <Fact name="request">
              <a href={hrefOf(['changes'], { request: request.id })}>{request.id}</a>
            </Fact>
            {request.global_id !== null && (
              <Fact name="global request">
                <a href={hrefOf(['changes'], { request: request.global_id })}>{request.global_id}</a>
              </Fact>
            )}
            <Fact name="route">
              <code>{request.route}</code> at {request.version}
            </Fact>
            <Fact name="by">
              <bdi>{request.user_id ?? 'unknown user'}</bdi> @ <bdi>{request.project_id ?? 'no project'}</bdi>
            </Fact>
          </>
        )}
        {by !== undefined && <Fact name="by">{by.command ?? `${by.database_user ?? 'a user'} in the database`}</Fact>}
        <Fact name="cursor">
          <code>{cursor}</code>
        </Fact>
      </dl>
      <div class="states">
        <State title="before" state={before} />
        <State title="after" state={after} />
      </div>
    </div>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function State({ title, state }: { readonly title: string; readonly state: Change['before'] }) {
  return (
    <figure>
      <figcaption>{title}</figcaption>
      <pre tabIndex={0} aria-label={title}>
        {state === null ? 'nothing' : JSON.stringify(state, null, 1)}
      </pre>
    </figure>
  );
}
