import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** The built service as a process of its own, as `npm start` runs it. */
export interface ServiceProcess {
  readonly url: string;
  readonly child: ChildProcess;
  /** Asks it to end and waits; answers the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export async function startProcess(env: Readonly<Record<string, string>>): Promise<ServiceProcess> {
  const child = spawn(process.execPath, ['dist/main.js', '--port', '0'], {
    env: { ...process.env, STOCKROOM_LOG_LEVEL: 'error', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await new Promise<string>((resolve, reject) => {
    let output = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      const match = /listens on (\S+)/.exec(output);
      if (match?.[1] !== undefined) resolve(match[1]);
    });
    child.once('exit', (code) => {
      reject(new Error(`the service ended with ${code} before it listened:\n${output}`));
    });
  });
  return {
    url,
    child,
    async stop(signal = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill(signal);
        await once(child, 'exit');
      }
      return child.exitCode;
    },
  };
}
