import type { Registry } from 'prom-client';
import type { ClientMemory } from '../../http/client-memory.js';
import { addNumbers } from './series.js';

/** Shows the bytes in memory for clients, which an operator compares with the limits of the configuration. */
export function showMemory(registry: Registry, memory: ClientMemory): void {
  addNumbers(
    registry,
    {
      name: 'stockroom_http_held_bytes',
      help: 'Bytes held in memory for clients: bodies and waiting requests, and responses that are not taken yet.',
      type: 'gauge',
    },
    'of',
    () => ({ requests: memory.requests.used(), responses: memory.responses.used() }),
  );
}
