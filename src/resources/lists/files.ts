import { stat } from 'node:fs/promises';
import { noSuchListFile } from '../../errors.js';
import type { FileReply } from '../../http/route.js';
import { folderFile } from '../../lists/destination/folder.js';
import { contentTypeOf } from '../../lists/destination/objects.js';
import type { Run } from '../../lists/model.js';
import type { ListsContext } from '../../lists/options.js';

/** Returns a file of a list that is in a folder of this machine. @throws 404 that names the place of the list */
export async function fileOf({ buckets, host }: ListsContext, run: Run, name: string): Promise<FileReply> {
  const { key, md5 } = keyOf(run, name);
  const wanted = run.settings.destination.bucket;
  const bucket = buckets.find((one) => one.name === wanted);
  if (bucket?.type !== 'folder') throw noSuchListFile(`The list is in bucket ${wanted}.`);
  const path = await folderFile(bucket.path, key);
  if (path === null) {
    if (run.removedAt !== null) throw noSuchListFile('The list was removed.');
    if (run.host !== host)
      throw noSuchListFile(`The list is in the folder of ${run.host ?? 'another machine'}; this is ${host}.`);
    throw noSuchListFile(`${name} is not in the folder of this machine any more.`);
  }
  const { mtimeMs, size } = await stat(path);
  const etag = md5 ?? `${Math.floor(mtimeMs).toString(16)}-${size.toString(16)}`;
  return { file: { path, contentType: contentTypeOf(name), etag: `"${etag}"` } };
}

/** Finds the key of a file in the row of the run, so that a client can read only files of the list. */
function keyOf({ job, id, manifestKey, files }: Run, name: string): { key: string; md5: string | null } {
  if (manifestKey === null) throw noSuchListFile(`Run ${id} of ${job} has no list.`);
  if (name === 'manifest.json') return { key: manifestKey, md5: null };
  if (name === 'manifest.checksum') return { key: manifestKey.replace(/json$/, 'checksum'), md5: null };
  const part = files.find(({ key }) => key.slice(key.lastIndexOf('/') + 1) === name);
  if (part === undefined) throw noSuchListFile(`The list of run ${id} of ${job} has no file ${name}.`);
  return part;
}
