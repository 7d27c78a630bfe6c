import type { Registry } from 'prom-client';
import type { View } from '../../topology/model.js';
import type { TopologyReader } from '../../topology/catch-up.js';
import { addNumber, addNumbers } from './series.js';

/** Each worker has its own topology. The gauges show the worst value of all workers. */
export function showTopology(registry: Registry, topology: Pick<TopologyReader, 'latest' | 'status'>): void {
  const counter = (name: string, help: string, read: () => number): void => {
    addNumber(registry, { name: `stockroom_topology_${name}_total`, help, type: 'counter' }, read);
  };
  const gauge = (name: string, help: string, aggregator: 'min' | 'max', read: () => number): void => {
    addNumber(registry, { name: `stockroom_topology_${name}`, help, type: 'gauge', aggregator }, read);
  };
  const status = (): ReturnType<TopologyReader['status']> => topology.status();

  counter('reads', 'Reads that asked for the topology; many share one catch-up.', () => status().reads);
  counter(
    'loads',
    'Times that everything was loaded: one at start, and one for each fail-over, restore or long pause.',
    () => status().loads,
  );
  counter(
    'audit_differences',
    'What audits found to differ from the database; anything but 0 is a bug to report.',
    () => status().differences,
  );
  gauge('loaded', '1 when there is a topology to read from.', 'min', () => (status().loaded ? 1 : 0));
  gauge(
    'age_seconds',
    'Since the topology was last caught up with; reads and scrapes do that.',
    'max',
    () => status().age ?? 0,
  );
  gauge(
    'lag_transactions',
    'Transactions between the oldest running one of the database and the newest: a long one makes every catch-up read more.',
    'max',
    () => status().xidLag,
  );
  addNumbers(
    registry,
    { name: 'stockroom_topology_objects', help: 'What the topology holds, by kind.', type: 'gauge', aggregator: 'max' },
    'kind',
    () => sizes(topology.latest()),
  );
  addNumber(
    registry,
    {
      name: 'stockroom_database_usable',
      help: '0 when the database could not be used when it was last tried.',
      type: 'gauge',
      aggregator: 'min',
    },
    () => (status().away ? 0 : 1),
  );
}

function sizes(view: View | null): Record<string, number> {
  if (view === null) return {};
  let inventories = 0;
  for (const id of view.resourceClasses.keys()) inventories += view.providersWithClass(id)?.size ?? 0;
  return {
    provider: view.providers.size,
    tree: view.trees.size,
    inventory: inventories,
    resource_class: view.resourceClasses.size,
    trait: view.traits.size,
  };
}
