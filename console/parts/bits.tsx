import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { Amounts } from '../documents.js';
import { amount, cut, percent } from '../format.js';
import { hrefOf } from '../router.js';

/** Names are data of others: text only, in a direction of their own, cut in the middle. */
export function Name({ of: name, most = 48 }: { readonly of: string; readonly most?: number }) {
  return (
    <bdi class="name" title={name}>
      {cut(name, most)}
    </bdi>
  );
}

/** A uuid by its beginning. */
export function Uuid({ of: uuid }: { readonly of: string }) {
  return <code title={uuid}>{uuid.length > 13 ? `${uuid.slice(0, 8)}…` : uuid}</code>;
}

export function ProviderLink({ uuid, name }: { readonly uuid: string; readonly name: string | null }) {
  return <a href={hrefOf(['providers', uuid])}>{name === null ? <Uuid of={uuid} /> : <Name of={name} />}</a>;
}

export function ConsumerLink({ uuid }: { readonly uuid: string }) {
  return (
    <a href={hrefOf(['consumers', uuid])}>
      <Uuid of={uuid} />
    </a>
  );
}

/** A bar; the numbers stand beside it as text. */
export function Bar({
  part,
  of: whole,
  plain = false,
}: {
  readonly part: number;
  readonly of: number;
  readonly plain?: boolean;
}) {
  const share = whole <= 0 ? (part > 0 ? 1 : 0) : Math.min(part / whole, 1);
  const level = plain ? '' : whole <= 0 || part > whole ? 'over' : share >= 0.9 ? 'high' : '';
  return (
    <svg class={`bar ${level}`} viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
      <rect width={share === 0 ? 0 : Math.max(share * 100, 0.5)} height="8" />
    </svg>
  );
}

/** How full something is: a bar, the part, and the amounts. */
export function Gauge({
  name,
  used,
  capacity,
}: {
  readonly name: string;
  readonly used: number;
  readonly capacity: number;
}) {
  const [left, right] = [amount(name, used), amount(name, capacity)];
  const isOver = used > capacity;
  return (
    <span class="gauge" title={`${left.exact} of ${right.exact}`}>
      <Bar part={used} of={capacity} />
      <span class="number">
        {name === 'MEMORY_MB' ? percent(used, capacity) : `${left.text}/${right.text}`}
        {isOver && <span class="tag bad">over</span>}
      </span>
    </span>
  );
}

/** `VCPU 4, MEMORY_MB 8 GiB` */
export function AmountsText({ of: amounts }: { readonly of: Amounts }) {
  return (
    <>
      {Object.entries(amounts).map(([name, value], index) => {
        const { text, exact } = amount(name, value);
        return (
          <span key={name} title={exact}>
            {index > 0 && ', '}
            {name} <span class="number">{text}</span>
          </span>
        );
      })}
    </>
  );
}

/** A table that scrolls sideways by itself, so that the page does not; the keyboard can get into it. */
export function Table({
  label,
  head,
  children,
}: {
  readonly label: string;
  readonly head: readonly ComponentChildren[];
  readonly children: ComponentChildren;
}) {
  return (
    <div class="scroll" role="region" aria-label={label} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {head.map((cell, index) => (
              <th key={index} scope="col">
                {cell}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

/** The head of a column of numbers. */
export function Right({ children }: { readonly children: string }) {
  return <span class="right">{children}</span>;
}

/** What only a screen reader reads. */
export function Unseen({ children }: { readonly children: string }) {
  return <span class="unseen">{children}</span>;
}

export function Field({ label, children }: { readonly label: string; readonly children: ComponentChildren }) {
  return (
    <label class="field">
      <span>{label}</span>
      {children}
    </label>
  );
}

export function Copy({ text, label }: { readonly text: string; readonly label: string }) {
  const [said, say] = useState('');
  return (
    <>
      <button type="button" class="quiet" aria-label={label} onClick={() => void copy(text).then(say)}>
        copy
      </button>
      <span role="status" class="faint">
        {said}
      </span>
    </>
  );
}

/** Puts text on the clipboard; what to tell the reader. Without TLS there is no clipboard for pages. */
export async function copy(text: string): Promise<string> {
  try {
    await navigator.clipboard.writeText(text);
    return 'Copied.';
  } catch {
    return 'The browser does not let the page copy: select the text.';
  }
}

export function Section({
  title,
  aside,
  children,
}: {
  readonly title: string;
  readonly aside?: ComponentChildren;
  readonly children: ComponentChildren;
}) {
  return (
    <section class="block">
      <div class="block-head">
        <h2>{title}</h2>
        {aside}
      </div>
      {children}
    </section>
  );
}

export function Empty({ children }: { readonly children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}
