import { createStore } from './store.js';

/** Grows when everything that is shown is to be asked again. */
export const tick = createStore(0);

/** Whether it grows every ten seconds. */
export const isRepeating = createStore(false);

export function refresh(): void {
  tick.set(tick.get() + 1);
}

const EVERY_MS = 10_000;

setInterval(() => {
  if (isRepeating.get() && !document.hidden) refresh();
}, EVERY_MS);

// A tab that comes back shows what is now.
document.addEventListener('visibilitychange', () => {
  if (isRepeating.get() && !document.hidden) refresh();
});
