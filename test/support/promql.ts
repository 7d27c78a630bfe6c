/** What a query of Prometheus names. Enough of its language for our own dashboards and rules; promtool checks the rest. */
export interface Named {
  readonly metrics: ReadonlySet<string>;
  /** Labels that a metric is selected by. */
  readonly selected: readonly { readonly metric: string; readonly label: string }[];
  /** Labels that are grouped or matched by. */
  readonly grouped: ReadonlySet<string>;
}

const KEYWORDS = new Set(['and', 'or', 'unless', 'bool', 'offset', 'Inf', 'NaN']);

export function namesIn(query: string): Named {
  const metrics = new Set<string>();
  const grouped = new Set<string>();
  const selected: { metric: string; label: string }[] = [];
  const rest = query
    .replaceAll(/\[[^\]]*\]/g, ' ')
    .replaceAll(/([a-zA-Z_]\w*)\s*\{((?:[^"}]|"[^"]*")*)\}/g, (_, metric: string, matchers: string) => {
      metrics.add(metric);
      for (const [, label = ''] of matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"/g)) selected.push({ metric, label });
      return ' ';
    })
    .replaceAll(/\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)/g, (_, labels: string) => {
      for (const label of labels.split(',')) grouped.add(label.trim());
      return ' ';
    });
  for (const [, name = ''] of rest.matchAll(/(?<![\w.])([a-zA-Z_]\w*)\b(?!\s*\()/g)) {
    if (!KEYWORDS.has(name)) metrics.add(name);
  }
  return { metrics, selected, grouped };
}
