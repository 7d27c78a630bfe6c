import { useEffect, useRef, useState } from 'preact/hooks';
import { emptyGroup, formatQuery, nextSuffix, parseQuery, type Group, type Query } from '../query.js';
import { Field } from './bits.js';
import { ListField } from './list-field.js';
import { Suggestions, useClasses, useTraits } from './suggestions.js';

export interface QueryEditorProps {
  readonly text: string;
  /** Microversion; empty for the newest. */
  readonly version: string;
  /** Each change, of the text or of the form. */
  readonly onEdit: (text: string, version: string) => void;
  readonly onAsk: () => void;
  /** On the button. */
  readonly action: string;
}

/** A query as text and as a form; either changes the other. */
export function QueryEditor({ text, version, onEdit, onAsk, action }: QueryEditorProps) {
  const [query, setQuery] = useState(() => withGroup(parseQuery(text)));
  const emitted = useRef(text);
  const classes = useClasses();
  const traits = useTraits();
  useEffect(() => {
    // What the form wrote itself is not read again: a line that is not complete yet would go.
    if (text === emitted.current) return;
    emitted.current = text;
    setQuery(withGroup(parseQuery(text)));
  }, [text]);

  function edit(next: Query): void {
    setQuery(next);
    emitted.current = formatQuery(next);
    onEdit(emitted.current, version);
  }

  function editGroup(group: Group, next: Group | null): void {
    edit({ ...query, groups: query.groups.flatMap((one) => (one === group ? (next ?? []) : one)) });
  }

  const { groups, groupPolicy, sameSubtree, rootRequired } = query;
  return (
    <form
      class="query"
      aria-label="Query"
      onSubmit={(event) => {
        event.preventDefault();
        onAsk();
      }}
    >
      <div class="query-line">
        <Field label="Query, or the path of a line of the request log">
          <textarea
            rows={2}
            value={text}
            spellcheck={false}
            autocapitalize="off"
            onInput={({ currentTarget }) => {
              onEdit(currentTarget.value, version);
            }}
            onKeyDown={(event) => {
              if (event.key !== 'Enter' || event.shiftKey) return;
              event.preventDefault();
              onAsk();
            }}
          />
        </Field>
        <button type="submit" class="main">
          {action}
        </button>
      </div>
      {groups.map((group) => (
        <GroupCard
          key={group.suffix}
          group={group}
          isOnly={groups.length === 1}
          onChange={(next) => {
            editGroup(group, next);
          }}
        />
      ))}
      <div class="between">
        <button
          type="button"
          onClick={() => {
            const hasPlain = groups.some(({ suffix }) => suffix === '');
            const added = emptyGroup(hasPlain ? nextSuffix(query) : '');
            edit({ ...query, groups: hasPlain ? [...groups, added] : [added, ...groups] });
          }}
        >
          + group
        </button>
        <Field label="Group policy">
          <select
            value={groupPolicy}
            onChange={({ currentTarget }) => {
              edit({ ...query, groupPolicy: currentTarget.value });
            }}
          >
            <option value="">not given</option>
            <option>none</option>
            <option>isolate</option>
          </select>
        </Field>
        <ListField
          label="Same subtree"
          items={sameSubtree}
          onChange={(next) => {
            edit({ ...query, sameSubtree: next });
          }}
        />
        <ListField
          label="Traits of the root"
          items={rootRequired}
          list="query-traits"
          onChange={(next) => {
            edit({ ...query, rootRequired: next });
          }}
        />
        <Field label="Microversion">
          <input
            class="narrow"
            value={version}
            placeholder="newest"
            inputMode="decimal"
            onInput={({ currentTarget }) => {
              onEdit(text, currentTarget.value.trim());
            }}
          />
        </Field>
      </div>
      <Suggestions id="query-classes" names={classes} />
      <Suggestions id="query-traits" names={traits} />
    </form>
  );
}

/** A form without any card would have nowhere to begin. */
function withGroup(query: Query): Query {
  return query.groups.length > 0 ? query : { ...query, groups: [emptyGroup('')] };
}

interface GroupCardProps {
  readonly group: Group;
  readonly isOnly: boolean;
  /** Null removes it. */
  readonly onChange: (group: Group | null) => void;
}

function GroupCard({ group, isOnly, onChange }: GroupCardProps) {
  const { suffix, resources, required, memberOf, inTree } = group;
  const wanted = required.filter((item) => !item.startsWith('!'));
  const forbidden = required.filter((item) => item.startsWith('!'));
  const [name, list] = [suffix === '' ? 'Group' : `Group ${suffix}`, 'query-traits'];
  return (
    <fieldset class="card">
      <legend>{name}</legend>
      <div class="amount-rows">
        {/* The last row is empty: what is typed there is one more. */}
        {[...resources, { resourceClass: '', amount: '' }].map((one, index) => {
          const change = (part: Partial<typeof one>): void => {
            const next = [...resources];
            next[index] = { ...one, ...part };
            onChange({ ...group, resources: next });
          };
          return (
            <div class="amount-row" key={index}>
              <input
                aria-label={`Resource class ${index + 1} of ${name}`}
                list="query-classes"
                placeholder={index === resources.length ? '+ class' : ''}
                value={one.resourceClass}
                spellcheck={false}
                autocapitalize="characters"
                onInput={({ currentTarget }) => {
                  change({ resourceClass: currentTarget.value.trim() });
                }}
              />
              <input
                aria-label={`Amount ${index + 1} of ${name}`}
                class="narrow"
                inputMode="numeric"
                value={one.amount}
                onInput={({ currentTarget }) => {
                  change({ amount: currentTarget.value.trim() });
                }}
              />
              {index < resources.length && (
                <button
                  type="button"
                  class="quiet"
                  aria-label={`Remove ${one.resourceClass || 'the class'} from ${name}`}
                  onClick={() => {
                    onChange({ ...group, resources: resources.filter((_, at) => at !== index) });
                  }}
                >
                  ×
                </button>
              )}
            </div>
          );
        })}
      </div>
      <ListField
        label="Required traits"
        items={wanted}
        list={list}
        onChange={(next) => {
          onChange({ ...group, required: [...next, ...forbidden] });
        }}
      />
      <ListField
        label="Forbidden traits"
        items={forbidden}
        list={list}
        prefix="!"
        onChange={(next) => {
          onChange({ ...group, required: [...wanted, ...next] });
        }}
      />
      <ListField
        label="In aggregates"
        items={memberOf}
        onChange={(next) => {
          onChange({ ...group, memberOf: next });
        }}
      />
      <Field label="In the tree of">
        <input
          value={inTree}
          placeholder="uuid"
          spellcheck={false}
          onInput={({ currentTarget }) => {
            onChange({ ...group, inTree: currentTarget.value.trim() });
          }}
        />
      </Field>
      {!isOnly && (
        <button
          type="button"
          class="quiet"
          onClick={() => {
            onChange(null);
          }}
        >
          Remove {name.toLowerCase()}
        </button>
      )}
    </fieldset>
  );
}
