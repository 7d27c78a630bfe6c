import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Logger } from 'pino';
import type { Pool } from '../db/pool.js';
import { runStatement } from '../db/transaction.js';
import type { ListHook } from './model.js';
import { RUN_COLUMNS, runOf, type RunRow } from './run-rows.js';
import { runDocument } from './view.js';

export interface NotifyDeps {
  readonly pool: Pool;
  readonly log: Logger;
  readonly hooks: readonly ListHook[];
  readonly onHook: (hook: string, outcome: 'received' | 'failed' | 'given_up') => void;
}

/** Minutes after each attempt that was not received; after the last one the message is given up. */
const DELAYS = [1, 5, 15, 60, 60];

/** For so long a message belongs to the process that sends it, in seconds; longer than sending may take. */
const HOLD_S = 60;
const TIMEOUT_MS = 10_000;
const AT_ONCE = 20;

interface MessageRow extends RunRow {
  readonly message: string;
  readonly hook: string;
  readonly event: string;
  readonly attempts: number;
}

/**
 * What sends the messages that are due: one piece of work for each hook, and one for messages to hooks that the configuration does
 * not have. They run side by side, so a hook that hangs keeps no other waiting, however many messages it has.
 */
export function createMessengers(deps: NotifyDeps): ((signal: AbortSignal) => Promise<void>)[] {
  const names = deps.hooks.map(({ name }) => name);
  return [
    ...names.map(
      (name) => (signal: AbortSignal) => sendMessages(deps, { text: 'hook = any($1)', names: [name] }, signal),
    ),
    (signal) => sendMessages(deps, { text: 'hook <> all($1)', names }, signal),
  ];
}

/** Which hooks' messages. */
interface Which {
  readonly text: string;
  readonly names: readonly string[];
}

async function sendMessages(deps: NotifyDeps, which: Which, signal: AbortSignal): Promise<void> {
  for (;;) {
    const messages = await claimMessages(deps.pool, which);
    await Promise.all(messages.map((message) => deliver(deps, message, signal)));
    if (signal.aborted || messages.length < AT_ONCE) return;
  }
}

async function claimMessages(pool: Pool, { text: which, names }: Which): Promise<readonly MessageRow[]> {
  const text = `
    with due as (
      select id from list_messages where not_before <= now() and ${which} order by not_before limit ${AT_ONCE} for update skip locked
    ), held as (
      update list_messages m set attempts = m.attempts + 1, not_before = now() + interval '${HOLD_S} seconds'
      from due where m.id = due.id returning m.id as message, m.hook, m.event, m.attempts as sent, m.run
    )
    select h.message, h.hook, h.event, h.sent as attempts, ${RUN_COLUMNS} from held h join list_runs r on r.id = h.run`;
  const { rows } = await runStatement<MessageRow>(pool, { text, values: [names] }, 'write');
  return rows;
}

async function deliver(
  { pool, log, hooks, onHook }: NotifyDeps,
  message: MessageRow,
  signal: AbortSignal,
): Promise<void> {
  const { message: id, hook: name, attempts } = message;
  const hook = hooks.find((one) => one.name === name);
  const problem =
    hook === undefined ? `the configuration has no section [list_hook:${name}]` : await send(hook, message, signal);
  // The process ends: the message is due again when the hold is over.
  if (problem !== null && signal.aborted) return;
  if (problem === null) {
    onHook(name, 'received');
    const text = 'update list_messages set sent_at = now(), not_before = null, last_error = null where id = $1';
    await runStatement(pool, { text, values: [id] }, 'write');
    return;
  }
  const delay = DELAYS[attempts - 1];
  onHook(name, delay === undefined ? 'given_up' : 'failed');
  const fields = { hook: name, list: message.job, run: Number(message.id), message: id, reason: problem };
  const what = `lists hook ${name}: the message about run ${message.id} of ${message.job}`;
  if (delay === undefined) log.error(fields, `${what} was given up after ${attempts} attempts: ${problem}`);
  else log.warn(fields, `${what} was not received: ${problem}; again in ${delay} min`);
  const text = `
    update list_messages set not_before = now() + make_interval(mins => $2), last_error = $3 where id = $1`;
  await runStatement(pool, { text, values: [id, delay ?? null, problem] }, 'write');
}

/**
 * Sends one message (docs/contract/inventory-lists.md#messages).
 *
 * @returns null when it was received, else the reason; never the secret or what the receiver wrote
 */
async function send(hook: ListHook, message: MessageRow, signal: AbortSignal): Promise<string | null> {
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
  const late = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const response = await fetch(hook.url, {
      method: 'POST',
      // A redirect would carry the message to an address that the configuration does not name.
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
    if (late.aborted) return `the receiver did not respond within ${TIMEOUT_MS / 1000} s`;
    const { cause } = error as Error & { cause?: NodeJS.ErrnoException };
    return `the receiver cannot be reached (${cause?.code ?? cause?.message ?? (error as Error).message})`;
  }
}

/** Hex of HMAC-SHA256 over timestamp, a dot and the body. A line end at the end of the secret's file is no part of it. */
function signatureOf(secret: Buffer, timestamp: string, body: string): string {
  return createHmac('sha256', secret.toString().replace(/\r?\n$/, ''))
    .update(`${timestamp}.${body}`)
    .digest('hex');
}
