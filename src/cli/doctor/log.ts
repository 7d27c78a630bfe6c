import fs from 'node:fs';
import path from 'node:path';
import type { Config } from '../../config.js';
import { checkFileOfRoot } from '../../ops/foreign-folder.js';
import { logFileOf } from '../../ops/log.js';
import { failure, ok, warning, type Diagnosis } from './diagnosis.js';

/** Whether this account can write the configured files of the log and of the audit log. It creates no file. */
export function logChecks(config: Config): Diagnosis[] {
  const log = logFileOf(config);
  const audit = config.auditLog === 'off' ? null : config.auditLogFile;
  return [...(log === null ? [] : [fileCheck('log', log)]), ...(audit === null ? [] : [fileCheck('audit log', audit)])];
}

function fileCheck(name: string, file: string): Diagnosis {
  const folder = path.dirname(path.resolve(file));
  if (!fs.existsSync(folder)) {
    return warning(
      name,
      `${folder} does not exist. The systemd unit makes /var/log/stockroom when it starts; make another folder yourself.`,
    );
  }
  try {
    checkFileOfRoot(file);
    const isThere = fs.existsSync(file);
    if (isThere && !fs.statSync(file).isFile()) return failure(name, `${file} is no file`);
    fs.accessSync(isThere ? file : folder, fs.constants.W_OK);
    return ok(name, `${file} can be written`);
  } catch (error) {
    return failure(name, `${file} cannot be written by this account: ${(error as Error).message}`);
  }
}
