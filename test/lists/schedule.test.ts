import assert from 'node:assert/strict';
import fc from 'fast-check';
import { duesBefore, intervalOf, latestDue, nextDue, WEEKDAYS } from '../../src/lists/job/schedule.js';

describe('the schedule of an inventory job', () => {
  const daily = { frequency: 'daily', at: '02:00' } as const;
  const at = (text: string): Date => new Date(text);

  it('is due each day at its time, UTC', () => {
    assert.deepEqual(nextDue(daily, at('2026-11-25T01:59:59.999Z')), at('2026-11-25T02:00:00Z'));
    assert.deepEqual(nextDue(daily, at('2026-11-25T02:00:00Z')), at('2026-11-26T02:00:00Z'));
    assert.deepEqual(latestDue(daily, at('2026-11-25T02:00:00Z')), at('2026-11-25T02:00:00Z'));
    assert.deepEqual(latestDue(daily, at('2026-11-25T01:59:00Z')), at('2026-11-24T02:00:00Z'));
    assert.deepEqual(nextDue(daily, at('2028-02-28T12:00:00Z')), at('2028-02-29T02:00:00Z'));
  });

  it('is due each week at its day', () => {
    const weekly = { frequency: 'weekly', at: '23:30', day: 'wednesday' } as const;
    // A Wednesday.
    assert.deepEqual(nextDue(weekly, at('2026-11-25T23:29:00Z')), at('2026-11-25T23:30:00Z'));
    assert.deepEqual(nextDue(weekly, at('2026-11-25T23:30:00Z')), at('2026-12-02T23:30:00Z'));
    assert.deepEqual(latestDue(weekly, at('2026-11-24T12:00:00Z')), at('2026-11-18T23:30:00Z'));
    assert.deepEqual(
      latestDue({ frequency: 'weekly', at: '00:00' }, at('2026-11-25T12:00:00Z')),
      at('2026-11-22T00:00:00Z'),
    );
  });

  it('counts what was passed over: a week of downtime is six due times and the one that is made up for', () => {
    const [first, last] = [at('2026-11-18T02:00:00Z'), latestDue(daily, at('2026-11-24T11:00:00Z'))];
    assert.equal(duesBefore(daily, first, last), 6);
    assert.equal(duesBefore(daily, first, first), 0);
  });

  for (const date of ['2026-03-29', '2026-10-25', '2026-03-08', '2026-11-01']) {
    it(`takes no notice of daylight saving time: ${date}`, () => {
      for (const zone of ['Europe/Berlin', 'America/New_York', 'UTC']) {
        const before = process.env['TZ'];
        process.env['TZ'] = zone;
        try {
          for (const hour of ['00:30', '01:30']) {
            assert.deepEqual(nextDue(daily, at(`${date}T${hour}:00Z`)), at(`${date}T02:00:00Z`));
          }
          assert.deepEqual(latestDue(daily, at(`${date}T23:30:00Z`)), at(`${date}T02:00:00Z`));
        } finally {
          if (before === undefined) delete process.env['TZ'];
          else process.env['TZ'] = before;
        }
      }
    });
  }

  it('has exactly one due time in each interval, for any schedule and time', () => {
    const schedules = fc.record({
      frequency: fc.constantFrom('daily' as const, 'weekly' as const),
      at: fc
        .tuple(fc.nat(23), fc.nat(59))
        .map(([hour, minute]) => `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`),
      day: fc.constantFrom(...WEEKDAYS),
    });
    const times = fc.date({ min: at('2020-01-01T00:00:00Z'), max: at('2060-01-01T00:00:00Z'), noInvalidDate: true });
    fc.assert(
      fc.property(schedules, times, (schedule, time) => {
        const [latest, next] = [latestDue(schedule, time), nextDue(schedule, time)];
        assert.ok(latest <= time && time < next);
        assert.equal(next.getTime() - latest.getTime(), intervalOf(schedule));
        assert.equal(latest.toISOString().slice(11, 16), schedule.at);
        if (schedule.frequency === 'weekly') assert.equal(WEEKDAYS[latest.getUTCDay()], schedule.day);
        assert.deepEqual(latestDue(schedule, latest), latest);
        assert.equal(duesBefore(schedule, latest, nextDue(schedule, next)), 2);
      }),
    );
  });
});
