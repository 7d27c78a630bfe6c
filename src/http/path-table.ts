/**
 * Finds the value at a path, segment by segment. Express would try one regular expression after another and then run a router
 * for the path, which takes a tenth of the time of a small GET.
 */
export class PathTable<T> {
  readonly #root = newNode<T>();

  /** @param path in the form of Express, `/traits/:name` */
  add(path: string, value: T): void {
    let node = this.#root;
    const names: string[] = [];
    for (const segment of path.slice(1).split('/')) {
      if (segment.startsWith(':')) {
        names.push(segment.slice(1));
        node = node.any ??= newNode<T>();
      } else {
        let next = node.named.get(segment);
        if (next === undefined) node.named.set(segment, (next = newNode<T>()));
        node = next;
      }
    }
    node.found = { value, names };
  }

  /** The value at a path, and its parameters. Case and a trailing slash matter. A fixed segment wins over a parameter. */
  find(path: string): { readonly value: T; readonly params: Record<string, string> } | null {
    const values: string[] = [];
    let node: Node<T> | null = this.#root;
    for (let start = 1, end; start <= path.length && node !== null; start = end + 1) {
      end = path.indexOf('/', start);
      if (end === -1) end = path.length;
      const segment = path.slice(start, end);
      const named: Node<T> | undefined = node.named.get(segment);
      if (named === undefined && segment !== '') values.push(decodeURIComponent(segment));
      node = named ?? (segment === '' ? null : node.any);
    }
    const found = node?.found ?? null;
    if (found === null) return null;
    const params: Record<string, string> = {};
    found.names.forEach((name, index) => (params[name] = values[index] ?? ''));
    return { value: found.value, params };
  }
}

interface Node<T> {
  readonly named: Map<string, Node<T>>;
  /** The node for a segment that is not in `named`: the segment is a parameter. */
  any: Node<T> | null;
  found: { readonly value: T; readonly names: readonly string[] } | null;
}

function newNode<T>(): Node<T> {
  return { named: new Map(), any: null, found: null };
}
