import type { Logger } from 'pino';
import type { SchedulerOptions } from './model.js';

/** One line when a row stays locked by another session, and one when it is free again, however many writes wait for it. */
export function logLockedRows(log: Logger): NonNullable<SchedulerOptions['onLocked']> {
  return (row, milliseconds, state) => {
    const seconds = Math.round(milliseconds / 100) / 10;
    if (state === 'locked') {
      log.warn(
        { row, seconds },
        `another session has locked the row of ${row} for ${seconds} s; its writes wait, others go on`,
      );
    } else {
      log.info({ row, seconds }, `the row of ${row} is free again after ${seconds} s`);
    }
  };
}
