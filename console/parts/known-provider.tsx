import { useEffect, useState } from 'preact/hooks';
import type { Named } from '../documents.js';
import { isAllowed, session } from '../session.js';
import { askOnce } from '../use-response.js';
import { ProviderLink } from './bits.js';

/** Names by uuid: responses of Placement have uuids only. The oldest go when there are too many. */
const names = new Map<string, Promise<string | null>>();
const MOST = 2000;

/** A link to a provider whose name is looked up, once. */
export function KnownProvider({ uuid }: { readonly uuid: string }) {
  const [name, setName] = useState<string | null>(null);
  useEffect(() => {
    let isShown = true;
    void nameOf(uuid).then((found) => {
      if (isShown) setName(found);
    });
    return () => {
      isShown = false;
    };
  }, [uuid]);
  return <ProviderLink uuid={uuid} name={name} />;
}

let turn: Promise<unknown> = Promise.resolve();

/** One after another: fifty candidates are no reason for fifty requests at once. */
function nameOf(uuid: string): Promise<string | null> {
  const known = names.get(uuid);
  if (known !== undefined) return known;
  if (!isAllowed(session.get(), 'placement:resource_providers:show')) return Promise.resolve(null);
  const name = turn
    .then(() => askOnce<Named>(`/resource_providers/${encodeURIComponent(uuid)}`))
    .then(
      (provider) => provider.name,
      () => {
        names.delete(uuid);
        return null;
      },
    );
  turn = name;
  names.set(uuid, name);
  const [oldest] = names.keys();
  if (names.size > MOST && oldest !== undefined) names.delete(oldest);
  return name;
}
