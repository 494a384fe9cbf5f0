import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SlotBook } from '../../lib/instance/slot-book.js';
import { APP_RESTART } from '../../lib/lifecycle/restart-policy.js';
import { Crew } from '../../lib/master/crew.js';
import { HandOver } from '../../lib/master/hand-over.js';
import { type WorkerHooks, WorkerProcess } from '../../lib/master/worker-process.js';
import type { ClusterEvent, EventOf } from '../../lib/protocol/events.js';
import type { ChildListener, ForkedChild } from '../../lib/system/forker.js';
import { FakeClock } from '../../lib/testing.js';

class FakeForked implements ForkedChild {
  readonly pid: number;
  readonly state = 'none';
  readonly isConnected = true;
  readonly inspectorPort = undefined;
  readonly mark = 'x';
  readonly isThread = false;
  listener: ChildListener | undefined;

  constructor(pid: number) {
    this.pid = pid;
  }
  descendants() {
    return [];
  }
  watch(listener: ChildListener): void {
    this.listener = listener;
  }
  send(): boolean {
    return true;
  }
  signal(): void {}
}

const unheard = () => {};

/** One app worker that is ready after 2 s; each SIGKILL that has to be explained is the kernel's. */
function setUp(startMs?: number) {
  const clock = new FakeClock();
  const book = new SlotBook();
  const events: ClusterEvent[] = [];
  const workers: { readonly forked: FakeForked; readonly worker: WorkerProcess }[] = [];
  let asked = 0;
  const hooks: WorkerHooks = {
    onMessage: unheard,
    onInternal: () => false,
    onListening: unheard,
    onProbed: unheard,
    onDisconnect: unheard,
    onError: unheard,
    onExit: unheard,
    onSettled: unheard,
    options: {},
    isUp: () => true,
    lingerMs: 0,
    handOver: new HandOver({ clock, isSticky: false, crew: () => crew }),
    clock,
  };
  const patienceMs = { start: startMs, drain: 1_000, stop: 1_000, kill: 1_000 };
  const spec = { name: 'app', restart: APP_RESTART, patienceMs, refork: true, drains: true, exitsForGood: [78], reloadAttempts: 3, probationMs: 0 };
  const crew = new Crew('app', spec as ConstructorParameters<typeof Crew>[1], {
    clock,
    hangFolder: undefined,
    random: () => 0,
    emit: event => {
      events.push(event);
      book.read(event);
    },
    clusterPort: () => undefined,
    isKilledByDebugger: () => false,
    explainKill: () => {
      asked++;
      return { isOutOfMemory: true, memoryLimitBytes: 2 ** 29 };
    },
    fork: place => {
      const forked = new FakeForked(100 + place.id);
      const worker = new WorkerProcess('app', place, forked, hooks);
      workers.push({ forked, worker });
      return worker;
    },
    onReady: unheard,
    onProven: unheard,
    onLeaving: unheard,
    onLeft: unheard,
  });
  void crew.group.resize(1);
  const nth = (n: number) => workers[n - 1] ?? assert.fail(`worker ${n} was never forked`);
  const left = (): EventOf<'child-left'> => events.flatMap(event => (event.type === 'child-left' ? [event] : [])).at(-1) ?? assert.fail('nobody left');
  const reason = () => book.of('app', 0)?.lastExit.reason;
  return { clock, crew, nth, left, reason, asked: () => asked, book };
}

function ready() {
  const world = setUp();
  world.clock.tick(2_000);
  world.nth(1).worker.reportReady();
  world.clock.tick(190_000);
  return world;
}

test("a SIGKILL that is not the master's is explained; the fact says when, and the slot's book why", () => {
  const { nth, left, reason } = ready();
  nth(1).forked.listener?.onExit({ code: null, signal: 'SIGKILL' });
  const { failed, wasReady, livedMs, isOutOfMemory, memoryLimitBytes } = left();
  assert.deepEqual([failed, wasReady, livedMs, isOutOfMemory, memoryLimitBytes], [true, true, 192_000, true, 2 ** 29]);
  assert.equal(reason(), 'killed by the kernel: out of memory (limit 512 MiB)');
});

test('no other end is: nobody looks at the count', () => {
  const { nth, left, reason, asked } = ready();
  nth(1).forked.listener?.onExit({ code: null, signal: 'SIGSEGV' });
  assert.deepEqual([asked(), left().isOutOfMemory, reason()], [0, undefined, 'SIGSEGV: it used memory that is not its own']);
});

test('neither is the SIGKILL of the master, which ends one that did not get ready', () => {
  const { clock, nth, left, reason, asked } = setUp(5_000);
  clock.tick(5_000 + 1_000);
  nth(1).forked.listener?.onExit({ code: null, signal: 'SIGKILL' });
  assert.deepEqual([asked(), left().wasReady, left().wasKilled, reason()], [0, false, true, 'did not get ready in time']);
});

test('one that was replaced for a limit left a reason and no restart', () => {
  const { crew, nth, reason, book } = ready();
  book.read({
    type: 'child-worn',
    role: 'app',
    id: 1,
    pid: 101,
    slot: 0,
    generation: 1,
    by: 'age',
    value: 9_000,
    limit: 9_500,
    threshold: 9_000,
    ageMs: 9_000,
  });
  crew.group.renew(1);
  nth(2).worker.reportReady();
  nth(1).forked.listener?.onExit({ code: 0, signal: null });
  assert.deepEqual([reason(), book.of('app', 0)?.restarts], ['replaced: 9 s of at most 9 s', 0]);
});
