import assert from 'node:assert/strict';
import { defaultConfig, type Config } from '../../src/config.js';
import { createSpares } from '../../src/process/spares.js';
import { WorkerFailure, type WorkerHandle } from '../../src/process/worker-handle.js';
import { createWorkerSlot, type SlotContext, type WorkerSlot } from '../../src/process/worker-slot.js';
import { until } from '../support/until.js';

/** A worker process as a slot sees it, which the test lets begin, fail and die. */
interface FakeWorker extends WorkerHandle {
  readonly config: () => Config | null;
  die(how: string): void;
}

/** How the next workers begin: one for each, in order; the others are ready at once. */
type Start = 'ready' | 'dies' | 'cannot';

function fakeWorker(pid: number, start: Start, log: string[]): FakeWorker {
  let die = (_: string): void => undefined;
  const gone = new Promise<string>((resolve) => (die = resolve));
  let [isEnding, given] = [false, null as Config | null];
  return {
    ...{
      pid,
      gone,
      silent: gone.then(() => undefined),
      die: (how) => {
        die(how);
      },
    },
    config: () => given,
    async begin(_, config) {
      await Promise.resolve();
      given = config;
      if (start === 'ready') {
        log.push(`${pid} ready`);
        return;
      }
      die('exit code 1');
      throw new WorkerFailure('It does not start.', start === 'cannot');
    },
    hasServed: () => false,
    isEnding: () => isEnding,
    take: () => Promise.resolve(true),
    announce: () => undefined,
    ask: () => Promise.resolve(undefined),
    counted: () => [],
    end(deadline) {
      isEnding = true;
      log.push(`${pid} ends within ${deadline}`);
      die('exit code 0');
    },
    hurry() {
      isEnding = true;
      die('SIGKILL');
    },
    kill: () => undefined,
  };
}

function setUp(starts: readonly Start[] = []) {
  const [log, given, workers] = [[] as string[], [] as string[], [] as FakeWorker[]];
  const spawn = (): FakeWorker => {
    const worker = fakeWorker(workers.length + 1, starts[workers.length] ?? 'ready', log);
    workers.push(worker);
    return worker;
  };
  const config = defaultConfig({ drainTimeout: 7 });
  const context: SlotContext = {
    spawn,
    config: () => config,
    connectionOf: () => '',
    onReady: ({ pid }) => log.push(`${pid} serves`),
    onRetire: ({ pid }) => log.push(`${pid} retires`),
    onGone: ({ pid }) => log.push(`${pid} gone`),
    isHopeless: (slot) => slot.isExhausted(),
    giveUp: (reason) => given.push(reason),
    onError: (error) => given.push(error.message),
    log: { error: () => undefined },
    isOver: () => false,
    stop: new AbortController().signal,
  };
  const slot: WorkerSlot = createWorkerSlot(1, context);
  return { slot, spawn, workers, log, config, givenUp: given };
}

describe('the slot of a worker', () => {
  it('is filled once, however often that is asked for', async () => {
    const { slot, workers } = setUp();
    await Promise.all([slot.fill(), slot.fill()]);
    assert.equal(workers.length, 1);
    assert.equal(slot.worker(), workers[0]);
  });

  it('has another worker after one that died', async () => {
    const { slot, workers, log } = setUp();
    await slot.fill();
    workers[0]?.die('SIGKILL');
    await until('another worker', () => slot.worker() === workers[1]);
    assert.deepEqual(log, ['1 ready', '1 serves', '1 gone', '2 ready', '2 serves']);
  });

  it('is given up after five workers that die before they are ready, and at once when a worker says that it cannot start', async () => {
    const dying = setUp(Array.from({ length: 9 }, () => 'dies'));
    await dying.slot.fill();
    assert.equal(dying.workers.length, 5);
    assert.deepEqual(dying.givenUp, ['It does not start.']);
    const unable = setUp(['cannot']);
    await unable.slot.fill();
    assert.equal(unable.workers.length, 1);
    assert.deepEqual(unable.givenUp, ['It does not start.']);
  });

  it('has the new worker serve before the old one ends, within the deadline of the old configuration', async () => {
    const { slot, spawn, workers, log } = setUp();
    await slot.fill();
    const next = defaultConfig({ drainTimeout: 9 });
    await slot.replace(next, spawn);
    assert.deepEqual(log.slice(2), ['2 ready', '2 serves', '1 retires', '1 ends within 7000', '1 gone']);
    assert.equal(workers[1]?.config(), next);
    await slot.replace(next, spawn);
    assert.equal(workers.length, 2, 'it has that configuration already');
  });

  it('keeps the old worker when the new one says that it cannot start, and tries three times when it only dies', async () => {
    for (const [start, attempts] of [
      ['cannot', 1],
      ['dies', 3],
    ] as const) {
      const { slot, spawn, workers } = setUp(['ready', start, start, start, start]);
      await slot.fill();
      await assert.rejects(slot.replace(defaultConfig(), spawn), WorkerFailure);
      assert.equal(workers.length, 1 + attempts);
      assert.equal(slot.worker(), workers[0]);
      assert.ok(!workers[0]?.isEnding());
    }
  });

  it('is not filled again once it is retired', async () => {
    const { slot, workers, log } = setUp();
    await slot.fill();
    await Promise.all([slot.retire(5000), slot.fill()]);
    assert.equal(slot.worker(), null);
    assert.equal(workers.length, 1);
    assert.ok(log.includes('1 ends within 5000'));
  });
});

describe('spare workers', () => {
  it('are started ahead, never more than are wanted, and those that are not taken end', async () => {
    const { spawn, workers } = setUp();
    const spares = createSpares(spawn, 3, 2);
    assert.equal(workers.length, 2);
    assert.equal(spares.take(), workers[0]);
    assert.equal(workers.length, 3);
    spares.take();
    assert.equal(workers.length, 3);
    await spares.close();
    assert.deepEqual(
      workers.map((worker) => worker.isEnding()),
      [false, false, true],
    );
  });

  it('are followed by new workers when more are taken than were wanted', async () => {
    const { spawn, workers } = setUp();
    const spares = createSpares(spawn, 1, 2);
    assert.equal(spares.take(), workers[0]);
    assert.equal(spares.take(), workers[1]);
    await spares.close();
    assert.equal(workers.length, 2);
  });
});
