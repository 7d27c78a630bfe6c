import { ask } from './api.js';
import { refresh } from './refresh.js';
import { createStore } from './store.js';

/** Since when the service cannot be reached; null while it can. */
export const awaySince = createStore<Date | null>(null);

const WHILE_THERE_MS = 5000;
const WHILE_AWAY_MS = 1500;

/** Looks whether the service is there while the tab is seen. When it comes back, what is shown is asked again. */
export async function watchService(): Promise<never> {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, awaySince.get() === null ? WHILE_THERE_MS : WHILE_AWAY_MS));
    if (!document.hidden) await look();
  }
}

/** Looks now: a request has failed. */
export async function look(): Promise<void> {
  try {
    await ask('/healthz');
    if (awaySince.get() === null) return;
    awaySince.set(null);
    refresh();
  } catch {
    if (awaySince.get() === null) awaySince.set(new Date());
  }
}
