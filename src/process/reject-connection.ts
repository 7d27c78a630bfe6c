import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { noWorkerFree } from '../errors.js';
import { renderErrorDocument } from '../http/error-document.js';

/** How long a rejected client has to read the response, in milliseconds. */
const LINGER_MS = 1000;

/**
 * Sends 503 on a connection whose request this process never reads, and closes it. A server may respond before it has read
 * the request (RFC 9112, 9.3), and must go on reading for a while, because a reset would take the response away.
 */
export function rejectUnread(socket: Socket): void {
  const requestId = `req-${randomUUID()}`;
  const error = noWorkerFree();
  const headers = Object.entries(error.extra.headers ?? {}).map(([name, value]) => `${name}: ${value}\r\n`);
  const { status, contentType, body } = renderErrorDocument(error, {
    method: '',
    accept: undefined,
    requestId,
    showCode: false,
  });
  socket.resume();
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\ncontent-type: ${contentType}\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n${headers.join('')}` +
      `x-openstack-request-id: ${requestId}\r\nconnection: close\r\n\r\n${body}`,
  );
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}
