import { useRef, useState } from 'preact/hooks';
import type { Provider } from '../documents.js';
import { Gauge, Name } from './bits.js';
import { go, hrefOf } from '../router.js';

interface Node {
  readonly provider: Provider;
  readonly level: number;
  readonly parent: string | null;
  readonly children: number;
  readonly position: number;
  readonly siblings: number;
}

/**
 * The providers of a tree, by the keys of the tree pattern: up and down move, right opens, left closes or goes to the parent,
 * Enter shows the provider.
 */
export function Tree({
  providers,
  current,
}: {
  readonly providers: readonly Provider[];
  /** The provider that is shown already; null: none is. */
  readonly current: string | null;
}) {
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const [focused, setFocused] = useState(current);
  const list = useRef<HTMLUListElement>(null);
  const nodes = visible(providers, closed);
  // The one that has the focus may be in a branch that was closed.
  const holder = nodes.some(({ provider }) => provider.uuid === focused) ? focused : (nodes[0]?.provider.uuid ?? '');

  function focus(uuid: string | undefined): void {
    if (uuid === undefined) return;
    setFocused(uuid);
    list.current?.querySelector<HTMLElement>(`[data-uuid="${CSS.escape(uuid)}"]`)?.focus();
  }

  function toggle(uuid: string, open: boolean): void {
    const next = new Set(closed);
    if (open) next.delete(uuid);
    else next.add(uuid);
    setClosed(next);
  }

  function press(event: KeyboardEvent, node: Node): void {
    const { uuid } = node.provider;
    const at = nodes.indexOf(node);
    const isOpen = node.children > 0 && !closed.has(uuid);
    switch (event.key) {
      case 'ArrowDown':
        focus(nodes[at + 1]?.provider.uuid);
        break;
      case 'ArrowUp':
        focus(nodes[at - 1]?.provider.uuid);
        break;
      case 'Home':
        focus(nodes[0]?.provider.uuid);
        break;
      case 'End':
        focus(nodes.at(-1)?.provider.uuid);
        break;
      case 'ArrowRight':
        if (isOpen) focus(nodes[at + 1]?.provider.uuid);
        else if (node.children > 0) toggle(uuid, true);
        break;
      case 'ArrowLeft':
        if (isOpen) toggle(uuid, false);
        else focus(node.parent ?? undefined);
        break;
      case 'Enter':
      case ' ':
        go(hrefOf(['providers', uuid]));
        break;
      default:
        return;
    }
    event.preventDefault();
  }

  return (
    <ul class="tree" role="tree" aria-label="Providers of the tree" ref={list}>
      {nodes.map((node) => {
        const { provider, level, children, position, siblings } = node;
        const { uuid, name, inventories } = provider;
        return (
          <li
            key={uuid}
            role="treeitem"
            data-uuid={uuid}
            data-level={Math.min(level, 6)}
            aria-level={level}
            aria-posinset={position}
            aria-setsize={siblings}
            aria-selected={current === null ? undefined : uuid === current}
            aria-expanded={children > 0 ? !closed.has(uuid) : undefined}
            tabIndex={uuid === holder ? 0 : -1}
            onFocus={() => {
              setFocused(uuid);
            }}
            onKeyDown={(event) => {
              press(event, node);
            }}
            onClick={() => {
              go(hrefOf(['providers', uuid]));
            }}
          >
            <span
              class="twist"
              aria-hidden="true"
              onClick={(event) => {
                if (children === 0) return;
                event.stopPropagation();
                toggle(uuid, closed.has(uuid));
              }}
            >
              {children === 0 ? '' : closed.has(uuid) ? '▸' : '▾'}
            </span>
            <Name of={name} most={40} />
            <span class="amounts">
              {Object.entries(inventories).map(([className, { used, capacity }]) => (
                <span key={className} class="amount">
                  {className} <Gauge name={className} used={used} capacity={capacity} />
                </span>
              ))}
            </span>
          </li>
        );
      })}
    </ul>
  );
}

/** In order, each below its parent; what is below a closed one is left out. */
function visible(providers: readonly Provider[], closed: ReadonlySet<string>): Node[] {
  const byParent = new Map<string | null, Provider[]>();
  const known = new Set(providers.map(({ uuid }) => uuid));
  for (const provider of providers) {
    const above = provider.parent_provider_uuid;
    const parent = above !== null && known.has(above) ? above : null;
    byParent.set(parent, [...(byParent.get(parent) ?? []), provider]);
  }
  const nodes: Node[] = [];
  const add = (parent: string | null, level: number): void => {
    const siblings = byParent.get(parent) ?? [];
    siblings.forEach((provider, index) => {
      const children = byParent.get(provider.uuid)?.length ?? 0;
      nodes.push({ provider, level, parent, children, position: index + 1, siblings: siblings.length });
      if (children > 0 && !closed.has(provider.uuid)) add(provider.uuid, level + 1);
    });
  };
  add(null, 1);
  return nodes;
}
