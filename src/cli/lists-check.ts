import { UsageError } from '../config/arguments.js';
import { wrapped } from '../config/wrap.js';
import { probeBucket } from '../lists/destination/probe.js';
import { folderDestination } from '../lists/destination/folder.js';
import { s3Destination } from '../lists/destination/s3.js';
import type { ListBucket } from '../lists/model.js';
import { listsOptions } from '../lists/options.js';
import { say, type Command } from './command.js';

/** With this pause the retries add three seconds to the timeout, and not ten, when a store is unavailable. */
const FIRST_PAUSE_MS = 150;

export const command: Command = {
  help:
    'BUCKET is the name of a section [list_bucket:BUCKET], or local. Writes one small object with each encryption that the section ' +
    'offers, reads it back and deletes it, as a run does, and says what failed and what it needs. The database is not asked.\n\n' +
    'Exit code: 0 everything works; 1 something failed; 2 wrong usage.',
  async run({ config }, _, [name = '']) {
    const { buckets } = listsOptions(config);
    const bucket = buckets.find((one) => one.name === name);
    if (bucket === undefined) {
      const names = buckets.map((one) => one.name).join(', ');
      throw new UsageError(
        `There is no bucket '${name}'; ${names === '' ? 'the configuration has none' : `there are: ${names}`}.`,
      );
    }
    say(`${described(bucket)}:`);
    const onWarning = (text: string): void => {
      say(wrapped(`Warning: ${text}`, 2).trimEnd());
    };
    const destination =
      bucket.type === 'folder'
        ? folderDestination(bucket.path)
        : s3Destination(bucket, { onWarning, firstPause: FIRST_PAUSE_MS });
    let failures = 0;
    for await (const { step, failure } of probeBucket(bucket, destination, new AbortController().signal)) {
      say(`  ${failure === null ? 'done  ' : 'FAILED'}  ${step}`);
      if (failure === null) continue;
      failures++;
      say(wrapped(`${failure.code}: ${failure.message}`, 10).trimEnd());
      if (failure.advice !== null) say(wrapped(failure.advice, 10).trimEnd());
    }
    return failures === 0 ? 0 : 1;
  },
};

function described(bucket: ListBucket): string {
  if (bucket.type === 'folder') return `Bucket ${bucket.name}, the folder ${bucket.path}`;
  return `Bucket ${bucket.name}, the bucket ${bucket.bucket} at ${bucket.endpoint}`;
}
