import type { Metric, MetricObjectWithValues, MetricValue, Registry } from 'prom-client';

/** The contents of a registry as plain data, which another process can aggregate. */
export type MetricsSnapshot = readonly MetricObjectWithValues<MetricValue<string>>[];

export type Labels = Readonly<Record<string, string>>;

export interface Definition {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** How the numbers of several workers are aggregated; sum unless given. */
  readonly aggregator?: 'sum' | 'first' | 'min' | 'max';
}

export interface Sample {
  /** The name, when it is not that of the metric: `_bucket`, `_sum` and `_count` of a histogram. */
  readonly metricName?: string;
  readonly value: number;
  readonly labels: Labels;
}

/**
 * Adds a metric whose numbers are read at each scrape. So the service can count with plain variables, without the cost of labels. A registry
 * needs only the function `get` of a metric.
 */
export function addSeries(registry: Registry, definition: Definition, read: () => Iterable<Sample>): void {
  const { name, aggregator = 'sum' } = definition;
  const metric = { ...definition, aggregator, get: () => ({ ...definition, aggregator, values: [...read()] }) };
  if (registry.getSingleMetric(name) !== undefined) throw new Error(`metric ${name} exists twice`);
  registry.registerMetric(metric as unknown as Metric);
}

/** A metric with one number, without labels. */
export function addNumber(registry: Registry, definition: Definition, read: () => number): void {
  addSeries(registry, definition, () => [{ value: read(), labels: {} }]);
}

/** A metric with a number for each value of one label. */
export function addNumbers(
  registry: Registry,
  definition: Definition,
  label: string,
  read: () => Readonly<Record<string, number>>,
): void {
  addSeries(registry, definition, () =>
    Object.entries(read()).map(([name, value]) => ({ value, labels: { [label]: name } })),
  );
}
