import { useId } from 'preact/hooks';
import { Name } from './bits.js';

export interface ListFieldProps {
  readonly label: string;
  readonly items: readonly string[];
  readonly onChange: (items: readonly string[]) => void;
  /** Id of the names to complete with. */
  readonly list?: string;
  /** What each item begins with, and is not shown. */
  readonly prefix?: string;
}

/** Several words: each stands there to be taken away, and one more can be typed. */
export function ListField({ label, items, onChange, list, prefix = '' }: ListFieldProps) {
  const id = useId();

  function add(input: HTMLInputElement): boolean {
    const word = input.value.trim();
    if (word === '') return false;
    input.value = '';
    const item = `${prefix}${word}`;
    if (!items.includes(item)) onChange([...items, item]);
    return true;
  }

  return (
    <div class="field">
      <label htmlFor={id}>{label}</label>
      <div class="list-field">
        {items.map((item) => {
          const shown = item.slice(prefix.length);
          return (
            <span class="chip" key={item}>
              <Name of={shown} most={28} />
              <button
                type="button"
                class="quiet"
                aria-label={`Remove ${shown} from ${label.toLowerCase()}`}
                onClick={() => {
                  onChange(items.filter((one) => one !== item));
                }}
              >
                ×
              </button>
            </span>
          );
        })}
        <input
          id={id}
          list={list}
          placeholder="+"
          spellcheck={false}
          autocapitalize="off"
          onChange={({ currentTarget }) => {
            add(currentTarget);
          }}
          onKeyDown={(event) => {
            // Without a word, Enter asks.
            if (event.key === 'Enter' && add(event.currentTarget)) event.preventDefault();
          }}
        />
      </div>
    </div>
  );
}
