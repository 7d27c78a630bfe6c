import type { Change, ObjectState } from '../../history/model.js';

/** A change as one line: time, kind, object, the values before and after, and the author. */
export function changeText(change: Change): string {
  const { at, kind, provider, consumer, name } = change;
  const of = consumer === undefined ? (name ?? provider?.name ?? '') : (consumer.uuid ?? '');
  const where = consumer === undefined && name === undefined ? '' : (provider?.name ?? '');
  const columns = [
    at.slice(0, 19).replace('T', ' '),
    kind.padEnd(14),
    [of, where]
      .filter((part) => part !== '')
      .join(' on ')
      .padEnd(40),
    differenceText(change),
    authorText(change),
  ];
  return columns.filter((column) => column !== '').join('  ');
}

function differenceText({ kind, action, before, after }: Change): string {
  if (kind === 'everything') return 'emptied';
  if (kind === 'traits' || kind === 'aggregates') {
    const names = (member: string, sign: string): string[] =>
      ((after?.[member] as readonly string[] | undefined) ?? []).map((one) => sign + one);
    return [...names('added', '+'), ...names('removed', '-')].join(' ');
  }
  const keys = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  const shown = keys.flatMap((key) => memberText(key, before, after) ?? []).join(', ');
  return action === 'changed' ? shown : `${action} ${shown}`;
}

/** Null for a member that did not change. */
function memberText(key: string, before: ObjectState | null, after: ObjectState | null): string | null {
  const [was, is] = [before?.[key], after?.[key]];
  if (before === null) return `${key} ${valueText(is)}`;
  if (after === null) return `${key} ${valueText(was)}`;
  return was === is ? null : `${key} ${valueText(was)} -> ${valueText(is)}`;
}

function valueText(value: unknown): string {
  if (value === undefined || value === null) return 'none';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function authorText({ request, by }: Change): string {
  if (request !== null) return [request.user_id ?? '', request.route, request.id].join('  ');
  if (by === undefined) return '';
  return 'command' in by ? `(${by.command})` : `(database user ${by.database_user})`;
}
