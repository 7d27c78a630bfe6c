/** The settings that systemd passes to the process that it starts (sd_notify(3), sd_watchdog_enabled(3)). */
export interface Supervisor {
  /** The socket for messages about the state; null when systemd expects none. */
  readonly notifySocket: string | null;
  /** systemd ends the process after this many milliseconds without a message; null when it never does. */
  readonly watchdog: number | null;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** @param pid the id of this process, because the watchdog may be for another process */
export function supervisorOf(env: Environment, pid: number): Supervisor {
  const notifySocket = env['NOTIFY_SOCKET'] ?? '';
  const microseconds = Number(env['WATCHDOG_USEC'] ?? 0);
  const isForUs = env['WATCHDOG_PID'] === undefined || Number(env['WATCHDOG_PID']) === pid;
  return {
    notifySocket: notifySocket === '' ? null : notifySocket,
    watchdog: notifySocket !== '' && isForUs && microseconds > 0 ? microseconds / 1000 : null,
  };
}
