import { randomUUID } from 'node:crypto';

/**
 * What JSON.parse takes for 8 MB just now, in milliseconds of this process' processors: a unit for bounds that hold on slow machines, too.
 */
export function processorUnit(): number {
  const text = JSON.stringify(Array.from({ length: 200_000 }, () => randomUUID()));
  const began = process.cpuUsage();
  JSON.parse(text);
  const { user, system } = process.cpuUsage(began);
  return Math.max((user + system) / 1000, 30);
}

/**
 * Watches how long this process works at a stretch, in milliseconds of its processors: time in which others have the machine
 * does not count, so it tells on a busy machine what a clock would tell on a free one.
 */
export function watchStretches(): { longest(): number; stop(): void } {
  let longest = 0;
  let last = process.cpuUsage();
  const timer = setInterval(() => {
    const { user, system } = process.cpuUsage(last);
    longest = Math.max(longest, (user + system) / 1000);
    last = process.cpuUsage();
  }, 1);
  return {
    longest: () => longest,
    stop: () => {
      clearInterval(timer);
    },
  };
}
