import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { ListHook } from '../model.js';
import { runOf } from '../run/rows.js';
import { runDocument } from '../render.js';
import type { MessageRow } from './rows.js';

/**
 * Sends one message (docs/contract/inventory-lists.md#messages).
 *
 * @param timeout how long the receiver may take to respond, in milliseconds
 * @returns null when the receiver has accepted the message, else the reason; the reason never contains the secret or text of the receiver
 */
export async function send(
  hook: ListHook,
  message: MessageRow,
  signal: AbortSignal,
  timeout: number,
): Promise<string | null> {
  const now = new Date();
  const body = JSON.stringify({
    id: message.message,
    event: message.event,
    sent_at: now.toISOString(),
    run: runDocument(runOf(message)),
  });
  const timestamp = String(Math.floor(now.getTime() / 1000));
  let secret: Buffer;
  try {
    secret = await readFile(hook.secretFile);
  } catch (error) {
    return `the secret_file of [list_hook:${hook.name}] cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`;
  }
  const late = AbortSignal.timeout(timeout);
  try {
    const response = await fetch(hook.url, {
      method: 'POST',
      // A redirect would send the message to an address that is not in the configuration.
      redirect: 'manual',
      headers: {
        'content-type': 'application/json',
        'user-agent': 'stockroom',
        'x-stockroom-timestamp': timestamp,
        'x-stockroom-signature': `v1=${signatureOf(secret, timestamp, body)}`,
      },
      body,
      signal: AbortSignal.any([signal, late]),
    });
    await response.body?.cancel();
    return response.ok ? null : `the receiver returned ${response.status}`;
  } catch (error) {
    if (late.aborted) return `the receiver did not respond within ${timeout / 1000} s`;
    const { cause } = error as Error & { cause?: NodeJS.ErrnoException };
    return `the receiver cannot be reached (${cause?.code ?? cause?.message ?? (error as Error).message})`;
  }
}

/** Returns HMAC-SHA256 over the timestamp, a dot and the body, in hex. A line end at the end of the file is not part of the secret. */
function signatureOf(secret: Buffer, timestamp: string, body: string): string {
  return createHmac('sha256', secret.toString().replace(/\r?\n$/, ''))
    .update(`${timestamp}.${body}`)
    .digest('hex');
}
