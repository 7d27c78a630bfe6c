import type { Logger } from 'pino';
import type { Pool } from '../../db/pool.js';
import type { ListHook } from '../model.js';
import { AT_ONCE, claimMessages, messageFailed, messageReceived, type MessageRow, type Which } from './rows.js';
import { send } from './send.js';

export interface NotifyDeps {
  readonly pool: Pool;
  readonly log: Logger;
  readonly hooks: readonly ListHook[];
  readonly onHook: (hook: string, outcome: 'received' | 'failed' | 'given_up') => void;
  /** How long a receiver may take to respond, in milliseconds. */
  readonly timeout?: number;
}

/** Minutes to wait after each failed attempt. After one more failed attempt the message is given up. */
const DELAYS = [1, 5, 15, 60, 60];
const TIMEOUT_MS = 10_000;

/**
 * Returns the tasks that send due messages: one for each hook, and one for messages to hooks that are not in the configuration. The
 * tasks run in parallel, so a hook that does not respond does not delay other hooks, however many messages it has.
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

async function sendMessages(deps: NotifyDeps, which: Which, signal: AbortSignal): Promise<void> {
  for (;;) {
    const messages = await claimMessages(deps.pool, which);
    await Promise.all(messages.map((message) => deliver(deps, message, signal)));
    if (signal.aborted || messages.length < AT_ONCE) return;
  }
}

async function deliver(
  { pool, log, hooks, onHook, timeout = TIMEOUT_MS }: NotifyDeps,
  message: MessageRow,
  signal: AbortSignal,
): Promise<void> {
  const { message: id, hook: name, attempts } = message;
  const hook = hooks.find((one) => one.name === name);
  const problem =
    hook === undefined
      ? `the configuration has no section [list_hook:${name}]`
      : await send(hook, message, signal, timeout);
  // The process ends. The message is due again when the time expires for which this process has claimed it.
  if (problem !== null && signal.aborted) return;
  if (problem === null) {
    onHook(name, 'received');
    await messageReceived(pool, id);
    return;
  }
  const delay = DELAYS[attempts - 1];
  onHook(name, delay === undefined ? 'given_up' : 'failed');
  const fields = { hook: name, list: message.job, run: Number(message.id), message: id, reason: problem };
  const what = `lists hook ${name}: the message about run ${message.id} of ${message.job}`;
  if (delay === undefined) log.error(fields, `${what} was given up after ${attempts} attempts: ${problem}`);
  else log.warn(fields, `${what} was not received: ${problem}; again in ${delay} min`);
  await messageFailed(pool, id, problem, delay ?? null);
}
