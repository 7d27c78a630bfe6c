import type { SourceUrl } from '../config/source-url.js';
import { openMysql } from './source-mysql.js';
import { openPostgresql } from './source-postgresql.js';
import type { Source } from './source.js';

/** @throws ImportError when the database cannot be reached or used */
export function openSource(from: SourceUrl): Promise<Source> {
  return from.dialect === 'mysql' ? openMysql(from.url) : openPostgresql(from.href);
}
