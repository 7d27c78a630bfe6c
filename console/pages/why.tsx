import { useState } from 'preact/hooks';
import { Failure } from '../api.js';
import type { Explanation } from '../documents.js';
import { count, counted } from '../format.js';
import { CandidateList } from '../parts/candidate-list.js';
import { Empty, Field, ProviderLink, Section, Table } from '../parts/bits.js';
import { Funnel } from '../parts/funnel.js';
import { Page, Shown } from '../parts/page.js';
import { QueryEditor } from '../parts/query-editor.js';
import { applyChange, conditionText, formatQuery, parseQuery } from '../query.js';
import { hrefWithQuery } from '../router.js';
import { messageOf } from '../session.js';
import { askOnce, useResponse } from '../use-response.js';
import { useQuery, type QueryState } from '../use-query.js';

/** Why there is no candidate for a query, or only so many. */
export function WhyPage() {
  const state = useQuery('why');
  const { asked } = state;
  const view = useResponse<Explanation>(asked === null ? null : `/stockroom/explain?${asked.text}`, asked?.version);
  return (
    <Page title="Why?" views={[view]}>
      <QueryEditor
        text={state.text}
        version={state.version}
        action="Explain"
        onEdit={state.edit}
        onAsk={() => {
          state.ask();
        }}
      />
      {asked === null ? (
        <Empty>
          Write what is asked for, such as resources=VCPU:8,MEMORY_MB:16384, and see what keeps hosts from having it.
        </Empty>
      ) : (
        <Shown of={view} what="the explanation">
          {(explanation) => <Explained explanation={explanation} state={state} />}
        </Shown>
      )}
    </Page>
  );
}

interface ExplainedProps {
  readonly explanation: Explanation;
  readonly state: QueryState;
}

function Explained({ explanation, state }: ExplainedProps) {
  const { outcome, complete, nearest, conditions } = explanation;
  const askedOf = (id: string): number | undefined => conditions.find((one) => one.id === id)?.asked;
  return (
    <>
      <p class={`verdict ${outcome === 'some' ? 'good' : 'bad'}`} role="status">
        {headline(explanation)}
      </p>
      {!complete && <p class="hint">The search ended at its bound: what is said is true, and is not all.</p>}
      {outcome === 'some' && state.asked !== null && (
        <CandidateList query={state.asked.text} version={state.asked.version} />
      )}
      <Section title="What is left after each step">
        <Funnel explanation={explanation} />
      </Section>
      <div class="columns">
        <Changes explanation={explanation} state={state} askedOf={askedOf} />
        {explanation.conflict !== null && explanation.conflict.length > 0 && (
          <Section
            title={explanation.conflict.length > 1 ? 'Each is met by some tree, all by none' : 'No tree meets this'}
          >
            <ul class="plain">
              {explanation.conflict.map(({ id, met_by: met }) => (
                <li key={id}>
                  {conditionText(id, askedOf(id))}{' '}
                  <span class="faint">
                    met by {count(met)} of {count(explanation.trees.all)}
                  </span>
                </li>
              ))}
            </ul>
          </Section>
        )}
      </div>
      {nearest.length > 0 && (
        <Section title="Nearest">
          <Table label="Nearest trees" head={['Tree', 'Reasons']}>
            {nearest.map(({ root, fits, reasons }) => (
              <tr key={root.uuid}>
                <th scope="row">
                  <ProviderLink uuid={root.uuid} name={root.name} />
                </th>
                <td>
                  {fits ? <span class="good">✓ It fits.</span> : <Reasons texts={reasons.map(({ text }) => text)} />}
                </td>
              </tr>
            ))}
          </Table>
        </Section>
      )}
      <WhyNot state={state} />
    </>
  );
}

function headline({ outcome, trees: { all, fitting, fitting_when_empty: empty } }: Explanation): string {
  if (outcome === 'some') return `${counted(fitting, 'tree')} of ${count(all)} ${fitting === 1 ? 'fits' : 'fit'}.`;
  const none = all === 0 ? 'Nothing fits: there are no trees.' : `Nothing fits: none of ${counted(all, 'tree')}.`;
  if (empty === 0) return `${none} None would even if nothing were used.`;
  return `${none} ${empty === 1 ? 'One' : count(empty)} would if nothing were used.`;
}

function Reasons({ texts }: { readonly texts: readonly string[] }) {
  return (
    <ul class="plain">
      {texts.map((text) => (
        <li key={text}>
          <bdi>{text}</bdi>
        </li>
      ))}
    </ul>
  );
}

interface ChangesProps extends ExplainedProps {
  readonly askedOf: (id: string) => number | undefined;
}

function Changes({ explanation: { changes, outcome }, state, askedOf }: ChangesProps) {
  const title = outcome === 'none' ? 'One change would do' : 'One change would add more';
  if (changes.length === 0) {
    return outcome === 'none' ? (
      <Section title={title}>
        <Empty>No single change of the query is enough.</Empty>
      </Section>
    ) : null;
  }
  return (
    <Section title={title}>
      <ul class="plain">
        {changes.map(({ condition, change, from, to, trees }) => {
          const text =
            change === 'drop'
              ? `without ${conditionText(condition, askedOf(condition))}`
              : condition.startsWith('version.')
                ? `microversion ${to ?? ''} in place of ${from ?? ''}`
                : `${conditionText(condition, to)} in place of ${from ?? ''}`;
          return (
            <li key={`${condition} ${change}`} class="try">
              <button
                type="button"
                aria-label={`Try ${text}`}
                onClick={() => {
                  const changed = applyChange(parseQuery(state.text), condition, to === undefined ? null : String(to));
                  state.ask(formatQuery(changed.query), changed.version ?? state.version);
                }}
              >
                Try
              </button>
              <span>
                {text} <span class="faint">{counted(trees, 'tree')}</span>
              </span>
            </li>
          );
        })}
      </ul>
    </Section>
  );
}

const UUID = /^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i;

/** One host more is explained, whether it is near or not. */
function WhyNot({ state }: { readonly state: QueryState }) {
  const [host, setHost] = useState('');
  const [said, say] = useState<string | null>(null);

  async function add(): Promise<void> {
    const name = host.trim();
    if (name === '') return;
    say(null);
    try {
      const uuid = UUID.test(name) ? name : await uuidOf(name);
      if (uuid === null) {
        say(`No provider is called ${name}.`);
        return;
      }
      setHost('');
      const text = state.text.includes(`provider=${uuid}`) ? state.text : `${state.text}&provider=${uuid}`;
      state.ask(text, state.version);
    } catch (error) {
      say(error instanceof Failure ? error.message : messageOf(error));
    }
  }

  return (
    <form
      class="filters"
      aria-label="Why not this host"
      onSubmit={(event) => {
        event.preventDefault();
        void add();
      }}
    >
      <Field label="Why not this host (name or uuid)">
        <input
          value={host}
          spellcheck={false}
          autocapitalize="off"
          onInput={({ currentTarget }) => {
            setHost(currentTarget.value);
          }}
        />
      </Field>
      <button type="submit">Explain it, too</button>
      <a href={hrefWithQuery(['capacity'], state.text)}>How many more fit?</a>
      <p class="bad" role="alert">
        {said}
      </p>
    </form>
  );
}

async function uuidOf(name: string): Promise<string | null> {
  const found = await askOnce<{ readonly resource_providers: readonly { readonly uuid: string }[] }>(
    `/resource_providers?name=${encodeURIComponent(name)}`,
  );
  return found.resource_providers[0]?.uuid ?? null;
}
