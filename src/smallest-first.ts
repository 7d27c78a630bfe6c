/** Runs pieces of work one after the other. The smallest of the waiting pieces is next. */
export type SmallestFirst = <T>(size: number, work: () => Promise<T>) => Promise<T>;

export function createSmallestFirst(): SmallestFirst {
  const waiting: { readonly size: number; readonly begin: () => void }[] = [];
  let isBusy = false;

  function next(): void {
    isBusy = false;
    let [smallest] = waiting;
    for (const one of waiting) if (smallest !== undefined && one.size < smallest.size) smallest = one;
    if (smallest === undefined) return;
    waiting.splice(waiting.indexOf(smallest), 1);
    isBusy = true;
    smallest.begin();
  }

  return async (size, work) => {
    if (isBusy) await new Promise<void>((begin) => waiting.push({ size, begin }));
    isBusy = true;
    try {
      return await work();
    } finally {
      next();
    }
  };
}
