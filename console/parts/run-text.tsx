import type { Job, Run } from '../documents.js';
import { duration } from '../format.js';

const SIGNS: Readonly<Record<string, string>> = {
  succeeded: '✓',
  failed: '✗',
  cancelled: '–',
  running: '…',
  queued: '…',
};

/** How a run went. */
export function StateTag({ run: { state, phase, error } }: { readonly run: Run }) {
  const level = state === 'succeeded' ? 'good' : state === 'failed' ? 'bad' : '';
  return (
    <span class={`state ${level}`} title={error?.message}>
      {SIGNS[state] ?? ''} {phase ?? state}
    </span>
  );
}

export function durationOf({ started_at: start, finished_at: end }: Run): string {
  if (start === null || end === null) return '-';
  return duration((new Date(end).getTime() - new Date(start).getTime()) / 1000);
}

export function scheduleText({ schedule: { frequency, at, day } }: Job): string {
  return `${frequency}${day === undefined ? '' : `, ${day}`} at ${at} UTC`;
}

export function placeText({ destination: { bucket, prefix, format } }: Job): string {
  return `${bucket}${prefix === '' ? '' : `, ${prefix}`} (${format})`;
}
