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
