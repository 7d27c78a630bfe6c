import type { JobSettings, Weekday } from '../model.js';

/**
 * Computes when a job is due. All times are UTC, so each day has 24 hours, also with daylight saving time. The functions read no clock:
 * the caller passes the time of the database, because the clocks of processes differ.
 */

type Schedule = JobSettings['schedule'];

/** In the order of `Date.prototype.getUTCDay`. */
export const WEEKDAYS = [
  'sunday',
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
] as const satisfies readonly Weekday[];

const DAY_MS = 86_400_000;

/** The time between two due times, in milliseconds. */
export function intervalOf({ frequency }: Pick<Schedule, 'frequency'>): number {
  return frequency === 'weekly' ? 7 * DAY_MS : DAY_MS;
}

/** The first due time after `time`. */
export function nextDue(schedule: Schedule, time: Date): Date {
  return new Date(latestDue(schedule, time).getTime() + intervalOf(schedule));
}

/** The last due time that is not after `time`. */
export function latestDue(schedule: Schedule, time: Date): Date {
  const [hours = 0, minutes = 0] = schedule.at.split(':').map(Number);
  const day = new Date(time);
  day.setUTCHours(hours, minutes, 0, 0);
  if (schedule.frequency === 'weekly') {
    const wanted = WEEKDAYS.indexOf(schedule.day ?? 'sunday');
    day.setTime(day.getTime() - ((day.getUTCDay() - wanted + 7) % 7) * DAY_MS);
  }
  if (day > time) day.setTime(day.getTime() - intervalOf(schedule));
  return day;
}

/** Counts the due times from `first` on and before `last`. It counts `first`, and not `last`. Both are due times of the schedule. */
export function duesBefore(schedule: Schedule, first: Date, last: Date): number {
  return Math.max(0, Math.ceil((last.getTime() - first.getTime()) / intervalOf(schedule)));
}
