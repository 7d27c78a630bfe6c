import type { ShapeCapacity, ShapeGauges } from '../../resources/capacity/gauges.js';

type Row = readonly [labels: string, value: number];

/** Renders the gauges of `[stockroom] capacity_shape`; '' when there are no shapes, or nothing has been counted yet. */
export async function renderShapes(gauges: ShapeGauges): Promise<string> {
  const found = await gauges.read();
  if (found === null) return '';
  const { shapes, age } = found;
  const each = (read: (one: ShapeCapacity) => readonly Row[]): Row[] => shapes.flatMap(read);
  return [
    gauge(
      'stockroom_capacity_fits',
      'How many more requests of a shape fit: at least, and at most.',
      each(({ name, atLeast, atMost }) => [
        [`{shape="${name}",bound="at_least"}`, atLeast],
        [`{shape="${name}",bound="at_most"}`, atMost],
      ]),
    ),
    gauge(
      'stockroom_capacity_fits_if_pooled',
      'How many would fit if all free room were in one place.',
      each(({ name, ifPooled }) => [[`{shape="${name}"}`, ifPooled]]),
    ),
    gauge(
      'stockroom_capacity_trees',
      'Trees of providers in which a request of the shape fits.',
      each(({ name, trees }) => [[`{shape="${name}"}`, trees]]),
    ),
    gauge(
      'openstack_free_capacity_by_flavor_total',
      'At least so many more requests of the shape fit; the name that dashboards of os-capacity know.',
      each(({ name, atLeast }) => [[`{flavor_name="${name}"}`, atLeast]]),
    ),
    gauge('stockroom_capacity_age_seconds', 'How old the numbers of stockroom_capacity_fits are.', [['', age]]),
  ].join('');
}

function gauge(name: string, help: string, rows: readonly Row[]): string {
  const samples = rows.map(([labels, value]) => `${name}${labels} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${samples.join('')}`;
}
