import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { EventBus } from '../../lib/instance/event-bus.js';
import { ParkedChild } from '../../lib/master/parked-child.js';
import { Spares } from '../../lib/master/spares.js';
import type { ClusterEvent } from '../../lib/protocol/events.js';
import { CMD } from '../../lib/protocol/words.js';
import type { Child } from '../../lib/supervision/child.js';
import type { ChildListener, ForkedChild } from '../../lib/system/forker.js';
import { FakeClock } from '../../lib/testing.js';

const QUESTION = { cmd: 'NODE_CLUSTER', act: 'queryServer', seq: 1, port: 80 };

class FakeForked implements ForkedChild {
  readonly state = 'none';
  isConnected = true;
  readonly inspectorPort = undefined;
  readonly mark = 'x';
  readonly isThread = false;
  readonly pid: number;
  readonly sent: unknown[] = [];
  readonly signals: string[] = [];
  readonly passedOn: unknown[] = [];
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
  send(message: unknown): boolean {
    this.sent.push((message as { act?: string }).act ?? message);
    return this.isConnected;
  }
  signal(name: string): void {
    this.signals.push(name);
  }
  passOn(message: Record<string, unknown>): void {
    this.passedOn.push(message);
  }
  /** As the channel does it. */
  say(message: Record<string, unknown>): void {
    if (this.listener?.onInternal(message)) message['act'] = 'answered';
  }
  ask(): void {
    this.say({ ...QUESTION });
  }
  exit(code: number | null = null, signal: string | null = 'SIGKILL'): void {
    this.isConnected = false;
    this.listener?.onExit({ code, signal });
    this.listener?.onSettled();
  }
}

function setUp(count = 1, size = 2) {
  const clock = new FakeClock();
  const bus = new EventBus();
  const events: ClusterEvent[] = [];
  bus.onAny(event => events.push(event));
  const forked: FakeForked[] = [];
  const relayed: unknown[] = [];
  const left: ParkedChild[] = [];
  const ready = { status: 'ready' } as Child;
  const group = { goal: { size, generation: 1, surge: 1 }, children: Array.from({ length: size }, () => ready), isReloading: false };
  const spares = new Spares({
    clock,
    random: () => 0,
    emit: event => bus.emit(event),
    group: () => group,
    count: () => count,
    patienceMs: { start: 60_000, silence: 30_000, hang: 0, stop: 5_000, kill: 2_000 },
    fork: ({ index }, hooks) => {
      const child = new FakeForked(100 + forked.length);
      child.sent.push(index);
      forked.push(child);
      return new ParkedChild(child, { ...hooks, options: {}, awaitsSignal: true, onMessage: message => relayed.push(message) });
    },
    onLeft: parked => left.push(parked),
  });
  const told = (type: ClusterEvent['type']) => events.filter(event => event.type === type);
  const tell = (type: 'cluster-reloaded' | 'child-started') => bus.emit({ type } as ClusterEvent);
  const cancel = spares.watch(bus);
  clock.tick(100);
  return { clock, group, forked, relayed, left, spares, told, tell, cancel };
}

const place = (generation = 1) => ({ id: 7, slot: 1, generation });

function ear() {
  const heard: unknown[] = [];
  const hear = (kind: string) => (what: unknown) => {
    heard.push([kind, what]);
    return true;
  };
  const listener: ChildListener = {
    onMessage: hear('message'),
    onInternal: hear('internal'),
    onListening: hear('listening'),
    onDisconnect: () => heard.push('disconnect'),
    onError: hear('error'),
    onExit: hear('exit'),
    onSettled: () => heard.push('settled'),
  };
  return { heard, listener };
}

suite('the pool', () => {
  test('one at a time, each with an index of its own beyond the slots; it has booted when it asks for no more', () => {
    const { clock, forked, spares, told } = setUp(2);
    assert.equal(forked.length, 1);
    forked[0]?.ask();
    clock.tick(60);
    forked[0]?.ask();
    clock.tick(99);
    assert.deepEqual([spares.booted, forked.length], [0, 1]);
    clock.tick(101);
    assert.deepEqual([spares.booted, forked.length, told('spare-booted').length], [1, 2, 1]);
    assert.deepEqual(
      forked.map(({ sent }) => sent[0]),
      [2, 3],
    );
  });

  test('nobody is forked while something else is going on', () => {
    const { clock, forked, group, tell } = setUp(0);
    assert.equal(forked.length, 0);
    const busy = setUp(1);
    busy.forked[0]?.ask();
    busy.clock.tick(100);
    busy.spares.take(place());
    busy.group.isReloading = true;
    busy.tell('child-started');
    busy.clock.tick(1_000);
    assert.equal(busy.forked.length, 1);
    busy.group.isReloading = false;
    busy.group.children.pop();
    busy.tell('child-started');
    busy.clock.tick(1_000);
    assert.equal(busy.forked.length, 1, 'one slot is empty');
    busy.group.children.push({ status: 'ready' } as Child);
    busy.tell('child-started');
    busy.clock.tick(100);
    assert.equal(busy.forked.length, 2);
    assert.ok(clock && group && tell);
  });

  test('the one that has come farthest is taken, of this generation only; its life is no matter of the pool any more', () => {
    const { clock, forked, spares, told } = setUp(2);
    forked[0]?.ask();
    clock.tick(200);
    assert.equal(spares.take(place(2)), undefined);
    const taken = spares.take(place());
    assert.equal(taken?.pid, 100);
    assert.ok(forked[0]?.sent.includes('admitted'));
    assert.equal(spares.take(place())?.pid, 101, 'one that still boots is ahead of one that is not born');
    taken?.watch(ear().listener);
    forked[0]?.exit();
    clock.tick(100_000);
    assert.deepEqual([told('spare-taken').length, told('spare-left').length], [2, 0]);
    assert.equal(clock.pending, 0, 'no timer is left');
  });

  test('one whose channel is closed is not taken', () => {
    const { clock, forked, spares } = setUp();
    forked[0]?.ask();
    clock.tick(100);
    Object.assign(forked[0] ?? {}, { isConnected: false });
    assert.equal(spares.take(place()), undefined);
  });

  test('after a reload those of yesterday leave, and others come', () => {
    const { clock, forked, group, spares, told, tell } = setUp();
    forked[0]?.ask();
    clock.tick(100);
    group.goal = { ...group.goal, generation: 2 };
    tell('cluster-reloaded');
    clock.tick(100);
    assert.deepEqual(forked[0]?.signals, ['SIGTERM']);
    assert.equal(forked.length, 2);
    assert.equal(spares.take(place())?.pid, undefined);
    forked[0]?.exit(0, null);
    assert.deepEqual(
      told('spare-left').map(event => event.type === 'spare-left' && event.failed),
      [false],
    );
  });

  test('three that do not boot, and there are none until the next reload', () => {
    const { clock, forked, group, told, tell } = setUp();
    for (let n = 0; n < 3; n++) {
      forked[n]?.exit(1, null);
      clock.tick(10_000);
    }
    assert.equal(forked.length, 3);
    assert.deepEqual(told('spares-gave-up'), [{ type: 'spares-gave-up', failures: 3 }]);
    tell('child-started');
    clock.tick(60_000);
    assert.equal(forked.length, 3);
    group.goal = { ...group.goal, generation: 2 };
    tell('cluster-reloaded');
    clock.tick(100);
    assert.equal(forked.length, 4);
  });

  test('exit code 78 is believed at once', () => {
    const { clock, forked, told } = setUp();
    forked[0]?.exit(78, null);
    clock.tick(60_000);
    assert.equal(forked.length, 1);
    assert.equal(told('spares-gave-up').length, 1);
  });

  test('one that hangs while it waits, or never boots, is ended and replaced', () => {
    const { clock, forked, left } = setUp();
    forked[0]?.ask();
    clock.tick(100);
    clock.tick(31_000);
    assert.deepEqual(forked[0]?.signals, ['SIGKILL']);
    forked[0]?.exit();
    clock.tick(1_000);
    assert.deepEqual([forked.length, left.length], [2, 1]);
    clock.tick(61_000);
    assert.deepEqual(forked[1]?.signals[0], 'SIGTERM');
  });

  test('a stop ends all, by force when it has to; nobody is forked any more', async () => {
    const { clock, forked, spares, cancel } = setUp();
    forked[0]?.ask();
    clock.tick(100);
    cancel();
    const force = new AbortController();
    const stopped = spares.stop(force.signal);
    assert.deepEqual(forked[0]?.signals, ['SIGTERM']);
    force.abort();
    assert.deepEqual(forked[0]?.signals, ['SIGTERM', 'SIGKILL']);
    forked[0]?.exit();
    assert.deepEqual(await stopped, { forced: [100], survived: [] });
    clock.tick(100_000);
    assert.equal(forked.length, 1);
  });
});

suite('a parked child', () => {
  test('what makes a worker of it is said when it is taken, in order, and not before whoever took it is ready to hear', async () => {
    const { forked, relayed, spares } = setUp();
    const [child] = forked;
    child?.listener?.onMessage({ action: 'realport', data: { port: 80 } });
    child?.listener?.onMessage({ action: 'note', data: 1 });
    child?.ask();
    child?.listener?.onMessage('ready');
    child?.say({ cmd: CMD, act: 'ready' });
    child?.say({ cmd: CMD, act: 'hello' });
    assert.deepEqual(relayed, [{ action: 'note', data: 1 }]);
    assert.ok(child?.sent.includes('boot'));
    const { heard, listener } = ear();
    spares.take(place())?.watch(listener);
    assert.deepEqual(heard, []);
    await Promise.resolve();
    assert.deepEqual(heard, [
      ['message', { action: 'realport', data: { port: 80 } }],
      ['internal', QUESTION],
      ['message', 'ready'],
      ['internal', { cmd: CMD, act: 'ready' }],
    ]);
    child?.listener?.onMessage({ action: 'note', data: 2 });
    assert.deepEqual(heard.at(-1), ['message', { action: 'note', data: 2 }]);
  });

  test('a question that nobody answers goes back to Node; one that dies in between is heard of', async () => {
    const { forked, spares } = setUp();
    const [child] = forked;
    child?.ask();
    const { heard, listener } = ear();
    spares.take(place())?.watch({ ...listener, onInternal: () => false });
    child?.exit();
    await Promise.resolve();
    assert.deepEqual(child?.passedOn, [QUESTION]);
    assert.deepEqual(heard, [['exit', { code: null, signal: 'SIGKILL' }], 'settled']);
  });

  test("Node's other words are left to Node", () => {
    const { forked } = setUp();
    const online = { cmd: 'NODE_CLUSTER', act: 'online' };
    forked[0]?.say(online);
    assert.equal(online.act, 'online');
  });
});
