import { execFileSync } from 'node:child_process';
import path from 'node:path';

/** An authority and a server's certificate for the name `localhost`, in a folder that exists. The server's user can read its key. */
export function makeCertificates(folder: string): {
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
} {
  const at = (name: string): string => path.join(folder, name);
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { stdio: 'pipe' });
  };
  const newKey = ['-newkey', 'rsa:2048', '-nodes', '-days', '2'];
  openssl('req', '-x509', ...newKey, '-subj', '/CN=test authority', '-keyout', at('ca.key'), '-out', at('ca.pem'));
  openssl(
    ...['req', '-x509', ...newKey, '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'],
    ...['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-keyout', at('server.key'), '-out', at('server.pem')],
  );
  execFileSync('chmod', ['600', at('server.key')]);
  if (process.getuid?.() === 0) execFileSync('chown', ['postgres:', at('server.key'), at('server.pem')]);
  return { authority: at('ca.pem'), certificate: at('server.pem'), key: at('server.key') };
}
