import fs from 'node:fs';
import path from 'node:path';
import type { Pool } from '../../db/pool.js';
import { runStatement } from '../../db/transaction.js';
import type { JobSettings } from '../model.js';
import { intervalOf } from '../job/schedule.js';
import { isAttemptFolder } from '../spool/sweep.js';

/** The values of one job in the metrics. */
export interface ListGauge {
  readonly list: string;
  readonly enabled: boolean;
  /** Seconds since the epoch: the end of the newest successful run, or when the job was set. */
  readonly lastSuccess: number;
  /** Seconds. */
  readonly interval: number;
  readonly rows: number | null;
  readonly bytes: number | null;
}

interface GaugeRow {
  readonly id: string;
  readonly enabled: boolean;
  readonly frequency: JobSettings['schedule']['frequency'];
  readonly last_success: number;
  readonly rows: string | null;
  readonly bytes: string | null;
}

/** Reads the gauges from the tables, so that a process shows them that did no run or has just started. There are at most 1,000. */
export async function readGauges(pool: Pool): Promise<readonly ListGauge[]> {
  const text = `
    select j.id, j.enabled, j.settings->'schedule'->>'frequency' as frequency, r.rows, r.bytes,
      extract(epoch from coalesce(r.finished_at, j.created_at))::double precision as last_success
    from list_jobs j left join lateral (
      select rows, bytes, finished_at from list_runs r where r.job = j.id and r.state = 'succeeded' order by r.id desc limit 1
    ) r on true`;
  const { rows } = await runStatement<GaugeRow>(pool, { name: 'list_gauges', text }, 'read');
  return rows.map((row) => ({
    list: row.id,
    enabled: row.enabled,
    lastSuccess: row.last_success,
    interval: intervalOf(row) / 1000,
    rows: row.rows === null ? null : Number(row.rows),
    bytes: row.bytes === null ? null : Number(row.bytes),
  }));
}

/**
 * Returns the bytes of the runs in the spool; 0 when there is no spool. The runs are a handful of files. The function does not read other
 * folders, because each scrape of the metrics calls it, and an operator may choose a folder with a million other files.
 */
export function spoolBytes(spool: string): number {
  try {
    const folders = fs.readdirSync(spool).filter(isAttemptFolder);
    return folders.reduce((sum, folder) => sum + bytesBelow(path.join(spool, folder)), 0);
  } catch {
    return 0;
  }
}

function bytesBelow(folder: string): number {
  const entries = fs.readdirSync(folder, { withFileTypes: true, recursive: true });
  return entries.reduce(
    (sum, entry) =>
      sum +
      (entry.isFile()
        ? (fs.statSync(path.join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0)
        : 0),
    0,
  );
}
