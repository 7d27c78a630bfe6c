import { ManifestError, verifyList } from '../../lists/manifest/verify.js';
import { complain, say, type Command } from '../command.js';
import { EXIT, withExitCode } from './exit.js';
import { counted } from '../terminal-progress.js';

export const command: Command = {
  help:
    'MANIFEST is a manifest.json in a folder, or in a copy of a bucket: the parts are looked for in ../data of it. Compares ' +
    'manifest.checksum, and the size, the MD5 and the number of rows of each part.\n\n' +
    'Exit code: 0 everything is as the manifest says; 1 something is not; 2 wrong usage; 3 the manifest cannot be read.',
  run({ config }, _, [file = '']) {
    return withExitCode(config, async () => {
      try {
        const { source, id, takenAt, rows, bytes, parts, problems } = await verifyList(file);
        for (const problem of problems) complain(problem);
        if (problems.length > 0) return EXIT.failed;
        const files = `${counted(parts)} part${parts === 1 ? '' : 's'}`;
        say(
          `List ${id} of ${source}, taken at ${takenAt}: ${counted(rows)} rows in ${files}, ${counted(bytes)} bytes.`,
        );
        say('All is as the manifest says.');
        return 0;
      } catch (error) {
        if (!(error instanceof ManifestError)) throw error;
        complain(error.message);
        return EXIT.notAsked;
      }
    });
  },
};
