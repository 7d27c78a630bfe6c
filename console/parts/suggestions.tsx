import { isAllowed, session } from '../session.js';
import { useStore } from '../store.js';
import { useResponse } from '../use-response.js';

/** Names for fields to complete; the list is the browser's own, with its keys. */
export function Suggestions({ id, names }: { readonly id: string; readonly names: readonly string[] }) {
  return (
    <datalist id={id}>
      {names.map((name) => (
        <option key={name} value={name} />
      ))}
    </datalist>
  );
}

/** Names of all resource classes; none when the reader may not list them. */
export function useClasses(): readonly string[] {
  const now = useStore(session);
  const path = isAllowed(now, 'placement:resource_classes:list') ? '/resource_classes' : null;
  const { body } = useResponse<{ readonly resource_classes: readonly { readonly name: string }[] }>(path);
  return body?.resource_classes.map(({ name }) => name) ?? [];
}

/** Names of all traits; none when the reader may not list them. */
export function useTraits(): readonly string[] {
  const now = useStore(session);
  const path = isAllowed(now, 'placement:traits:list') ? '/traits' : null;
  const { body } = useResponse<{ readonly traits: readonly string[] }>(path);
  return body?.traits ?? [];
}
