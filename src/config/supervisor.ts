/** What systemd says of itself to the process it has started (sd_notify(3), sd_watchdog_enabled(3)). */
export interface Supervisor {
  /** Where messages about the state go; null when it wants none. */
  readonly notifySocket: string | null;
  /** It ends the process when it hears nothing for so many milliseconds; null for never. */
  readonly watchdog: number | null;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** @param pid of this process: the watchdog may be meant for another one */
export function supervisorOf(env: Environment, pid: number): Supervisor {
  const notifySocket = env['NOTIFY_SOCKET'] ?? '';
  const microseconds = Number(env['WATCHDOG_USEC'] ?? 0);
  const isForUs = env['WATCHDOG_PID'] === undefined || Number(env['WATCHDOG_PID']) === pid;
  return {
    notifySocket: notifySocket === '' ? null : notifySocket,
    watchdog: notifySocket !== '' && isForUs && microseconds > 0 ? microseconds / 1000 : null,
  };
}
