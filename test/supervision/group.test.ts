import assert from 'node:assert/strict';
import { test } from 'node:test';
import { APP_RESTART } from '../../lib/lifecycle/restart-policy.js';
import { ReloadFailure, StartFailure } from '../../lib/supervision/failures.js';
import { Group } from '../../lib/supervision/group.js';
import type { GroupEvent, GroupSpec } from '../../lib/supervision/group-needs.js';
import { FakeClock, FakeProcess } from '../../lib/testing.js';

const PATIENCE = { start: 10_000, hang: 8_000, drain: 3_000, stop: 5_000, kill: 1_000 };
const SPEC: GroupSpec = {
  name: 'app',
  restart: APP_RESTART,
  patienceMs: PATIENCE,
  refork: true,
  drains: true,
  exitsForGood: [78],
  reloadAttempts: 3,
  probationMs: 0,
};

const WITH_SILENCE = { patienceMs: { ...PATIENCE, silence: 30_000 } };

function setUp(spec: Partial<GroupSpec> = {}) {
  const clock = new FakeClock();
  const processes: FakeProcess[] = [];
  const slots: number[] = [];
  const events: GroupEvent[] = [];
  const group = new Group(
    { ...SPEC, ...spec },
    {
      clock,
      random: () => 0,
      fork: ({ slot }) => {
        const forked = new FakeProcess(processes.length + 1);
        processes.push(forked);
        slots.push(slot);
        return forked;
      },
      emit: event => events.push(event),
    },
  );
  const nth = (n: number): FakeProcess => processes[n - 1] ?? assert.fail(`process ${n} was never forked`);
  const types = () => events.map(({ type }) => type).filter(type => !type.startsWith('child-'));
  return { group, clock, processes, slots, nth, types, count: () => processes.length };
}

function running(size: number, spec: Partial<GroupSpec> = {}) {
  const world = setUp(spec);
  void world.group.resize(size);
  for (let n = 1; n <= size; n++) world.nth(n).say('ready');
  return world;
}

const patient = () => new AbortController().signal;

test('boot: settles when all are ready, not before', async () => {
  const { group, nth, types } = setUp();
  const started = group.resize(2);
  nth(1).say('ready');
  assert.deepEqual(types(), []);
  nth(2).say('ready');
  assert.deepEqual(types(), ['settled']);
  await started;
});

test('boot: the first failure is final and retried by nobody', async () => {
  const { group, nth, clock, count } = setUp();
  const started = group.resize(2);
  nth(1).say('ready');
  nth(2).exit({ code: 1 });
  await assert.rejects(started, (error: StartFailure) => error instanceof StartFailure && error.child.exit?.code === 1);
  clock.tick(120_000);
  assert.equal(count(), 2);
});

test('boot: one that is overdue gets no newcomer beside it while it takes its time to go', async () => {
  const { group, nth, clock, count } = setUp();
  const started = group.resize(2);
  clock.tick(PATIENCE.start + PATIENCE.stop - 1);
  assert.equal(count(), 2);
  nth(1).exit({ code: 0 });
  await assert.rejects(started, StartFailure);
  assert.equal(count(), 2);
});

test('an unstable death is answered after the back-off, not before, in the same slot', () => {
  const { clock, nth, count, slots } = running(2);
  nth(2).exit({ code: 1 });
  clock.tick(99);
  assert.equal(count(), 2);
  clock.tick(1);
  assert.equal(count(), 3);
  assert.equal(slots[2], 1);
});

test('the back-off doubles while it goes on, and is forgotten after 10 s of a stable life', () => {
  const { clock, nth, count } = running(1);
  for (const [n, wait] of [
    [1, 100],
    [2, 200],
    [3, 400],
  ] as const) {
    nth(n).exit();
    clock.tick(wait - 1);
    assert.equal(count(), n);
    clock.tick(1);
    assert.equal(count(), n + 1);
    nth(n + 1).say('ready');
  }
  clock.tick(9_999);
  nth(4).say('heartbeat');
  clock.tick(1);
  nth(4).exit();
  clock.tick(0);
  assert.equal(count(), 5, 'at once');
});

test('a replacement that dies while booting is re-forked again', () => {
  const { clock, nth, count } = running(1);
  nth(1).exit();
  clock.tick(100);
  nth(2).exit({ code: 1 });
  clock.tick(200);
  assert.equal(count(), 3);
});

test('without refork a death leaves its slot empty, until the next goal', () => {
  const { group, clock, nth, count } = running(2, { refork: false });
  nth(1).exit();
  clock.tick(120_000);
  assert.equal(count(), 2);
  void group.resize(2);
  assert.equal(count(), 3);
});

test('exit code 78 is not retried', () => {
  const { clock, nth, count, types } = running(2);
  nth(1).exit({ code: 78 });
  clock.tick(120_000);
  assert.equal(count(), 2);
  assert.equal(types().at(-1), 'slot-gave-up');
});

test('more than 60 failures in a minute slow everybody down, and nobody is given up', () => {
  const { group, clock, nth, count } = running(1);
  void group.resize(61);
  for (let n = 2; n <= 61; n++) nth(n).say('ready');
  for (let n = 1; n <= 61; n++) nth(n).exit();
  clock.tick(100);
  for (let n = 62; n <= 121; n++) nth(n).say('ready');
  clock.tick(29_899);
  assert.equal(count(), 61 + 60, 'the 61st waits the longest delay');
  clock.tick(1);
  assert.equal(count(), 61 + 61);
});

for (const [title, ms, before, after, begin] of [
  [
    'one that does not get ready is told to stop',
    PATIENCE.start,
    [],
    ['stop'],
    () => {
      const world = setUp();
      void world.group.resize(1);
      return world;
    },
  ],
  [
    'one that ignores its stop is killed',
    PATIENCE.stop,
    ['stop'],
    ['stop', 'kill'],
    () => {
      const world = setUp();
      void world.group.resize(1);
      void world.group.stop(patient());
      return world;
    },
  ],
  [
    'one that does not get drained is told to stop',
    PATIENCE.drain,
    ['drain'],
    ['drain', 'stop'],
    () => {
      const world = running(1);
      void world.group.stop(patient());
      return world;
    },
  ],
] as const) {
  test(`${title} at ${ms} ms, not a millisecond before`, () => {
    const { clock, nth } = begin();
    clock.tick(ms - 1);
    assert.deepEqual(nth(1).heard, before);
    clock.tick(1);
    assert.deepEqual(nth(1).heard, after);
  });
}

test('one that cannot be killed is waited for 1 s, then reported', async () => {
  const { group, clock, nth } = running(1);
  const stopped = group.stop(AbortSignal.abort());
  assert.deepEqual(nth(1).heard, ['drain', 'kill']);
  let isOver = false;
  void stopped.then(() => {
    isOver = true;
  });
  clock.tick(PATIENCE.kill - 1);
  await Promise.resolve();
  assert.equal(isOver, false);
  clock.tick(1);
  assert.deepEqual(await stopped, { forced: [1], survived: [1] });
  assert.equal(clock.pending, 0);
});

test('draining and closing share one time when they have one', () => {
  const { group, clock, nth } = running(1, { patienceMs: { ...PATIENCE, drain: 3_000, close: 5_000 } });
  void group.stop(patient());
  clock.tick(1_000);
  nth(1).say('stop');
  assert.deepEqual(nth(1).heard, ['drain', 'stop']);
  clock.tick(3_999);
  assert.deepEqual(nth(1).heard, ['drain', 'stop']);
  clock.tick(1);
  assert.deepEqual(nth(1).heard, ['drain', 'stop', 'kill']);
});

test('silence: at 30 s it counts as hung, a replacement is forked, and it is killed when that is ready', () => {
  const { clock, nth, count } = running(1, WITH_SILENCE);
  clock.tick(29_000);
  nth(1).say('heartbeat');
  clock.tick(29_999);
  assert.equal(count(), 1);
  clock.tick(1);
  assert.equal(count(), 2);
  assert.deepEqual(nth(1).heard, []);
  nth(2).say('ready');
  assert.deepEqual(nth(1).heard, ['kill']);
});

test('silence: one that comes back keeps its place', () => {
  const { clock, nth } = running(1, WITH_SILENCE);
  clock.tick(30_000);
  nth(1).say('heartbeat');
  assert.deepEqual([nth(1).heard, nth(2).heard], [[], ['stop']]);
});

test('silence: one that came back has not failed, and leaves as any other', () => {
  const { group, clock, nth, count } = running(1, WITH_SILENCE);
  clock.tick(30_000);
  nth(1).say('heartbeat');
  nth(2).exit();
  assert.equal(group.children[0]?.failed, false);
  void group.resize(0);
  nth(1).exit();
  clock.tick(20_000);
  assert.equal(count(), 2);
});

test('silence: one that is replaced is not replaced again when it is gone, and no slot is given up for it', () => {
  const { clock, nth, count, types } = running(1, { ...WITH_SILENCE, refork: false });
  clock.tick(30_000);
  nth(2).say('ready');
  nth(1).exit({ signal: 'SIGKILL' });
  clock.tick(20_000);
  assert.deepEqual([count(), types()], [2, ['settled']]);
});

test('silence: of what there may be only one, it is killed first and replaced when it is gone', () => {
  const { clock, nth, count } = running(1, { isSole: true, drains: false, patienceMs: { ...WITH_SILENCE.patienceMs, hang: 0 } });
  clock.tick(30_000);
  assert.deepEqual([count(), nth(1).heard], [1, ['kill']]);
  nth(1).exit({ signal: 'SIGKILL' });
  clock.tick(0);
  assert.equal(count(), 2);
});

test('a master that was stopped at the edge of every patience calls nobody overdue before it has listened', () => {
  const { clock, nth, count } = running(1, WITH_SILENCE);
  for (let n = 0; n < 5; n++) {
    clock.tick(29_999);
    clock.sleep(120_000);
    clock.tick(0);
    nth(1).say('heartbeat');
  }
  assert.deepEqual([count(), nth(1).heard], [1, []]);
  clock.tick(30_000);
  assert.equal(count(), 2);
  clock.tick(PATIENCE.hang - 1);
  clock.sleep(120_000);
  clock.tick(0);
  nth(2).say('ready');
  nth(1).exit();
  assert.equal(count(), 2);
});

test('one that cuts its channel is replaced at once and drains by itself; its end counts as a failure', () => {
  const { clock, nth, count } = running(1);
  nth(1).say('quit');
  assert.equal(count(), 2);
  assert.deepEqual(nth(1).heard, ['drain']);
  nth(2).say('ready');
  nth(1).exit();
  nth(2).say('quit');
  assert.equal(count(), 2, 'the second time it has to wait');
  clock.tick(100);
  assert.equal(count(), 3);
});

test('reload: newcomer first, one slot at a time, never fewer ready than before', async () => {
  const { group, nth, slots, count } = running(2);
  const reloaded = group.reload();
  assert.deepEqual([count(), slots.at(-1), nth(1).heard], [3, 0, []]);
  nth(3).say('ready');
  assert.deepEqual([nth(1).heard, nth(2).heard, count(), slots.at(-1)], [['drain'], [], 4, 1]);
  nth(4).say('ready');
  nth(1).exit();
  nth(2).exit();
  await reloaded;
});

test('reload: after three failed newcomers it is called off, the incumbents never noticed', async () => {
  const { group, clock, nth } = running(2);
  const reloaded = group.reload();
  for (const [n, wait] of [
    [3, 100],
    [4, 200],
    [5, 400],
  ] as const) {
    nth(n).exit({ code: 1 });
    clock.tick(wait);
  }
  await assert.rejects(reloaded, ReloadFailure);
  clock.tick(120_000);
  assert.deepEqual([nth(1).heard, nth(2).heard], [[], []]);
  assert.equal(group.isReloading, false);
});

test('reload: an incumbent that dies meanwhile is replaced by the new generation', async () => {
  const { group, clock, nth } = running(2);
  const reloaded = group.reload();
  nth(2).exit();
  clock.tick(100);
  nth(3).say('ready');
  nth(1).exit();
  nth(4).say('ready');
  await reloaded;
});

test('renew: newcomer first, the generation stays, no more than one at a time', () => {
  const { group, nth, slots, count, types } = running(3);
  assert.equal(group.renew(2), true);
  assert.deepEqual([count(), slots.at(-1), group.goal.generation], [4, 1, 1]);
  assert.equal(group.renew(1), false, 'the newcomer boots');
  nth(4).say('ready');
  assert.deepEqual([nth(1).heard, nth(2).heard, nth(3).heard], [[], ['drain'], []]);
  assert.equal(group.renew(1), false, 'the worn one is still there');
  nth(2).say('stop');
  nth(2).exit({ code: null, signal: 'SIGTERM' });
  assert.equal(group.renew(2), false, 'it is gone');
  assert.equal(group.renew(1), true);
  assert.deepEqual(types(), ['settled'], 'no failure, no back-off');
});

for (const refork of [true, false]) {
  test(`renew: newcomers that cannot boot cost nobody, the next one comes after the back-off (refork: ${refork})`, () => {
    const { clock, group, nth, count } = running(2, { refork });
    group.renew(1);
    nth(3).exit({ code: 1 });
    clock.tick(99);
    assert.deepEqual([count(), nth(1).heard], [3, []]);
    clock.tick(1);
    nth(4).say('ready');
    assert.deepEqual([count(), nth(1).heard, nth(2).heard], [4, ['drain'], []]);
  });
}

test('renew: one that dies meanwhile is followed by its newcomer, and by nobody else', () => {
  const { clock, group, nth, count } = running(2);
  group.renew(1);
  nth(1).exit({ code: 1 });
  nth(3).say('ready');
  clock.tick(60_000);
  assert.deepEqual([count(), nth(3).heard, group.mayRenew(3)], [3, [], true]);
});

test('renew: not during a reload, a restart, a scaling or a start; what comes over it forgets it', async () => {
  const { group, nth } = running(2);
  void group.reload();
  assert.equal(group.mayRenew(2), false);
  nth(3).say('ready');
  nth(4).say('ready');
  assert.equal(group.mayRenew(3), false, 'the old ones have not left');
  nth(1).exit();
  nth(2).exit();
  assert.equal(group.mayRenew(3), true);
  group.renew(3);
  const resized = group.resize(3);
  assert.deepEqual([nth(5).heard, nth(3).heard], [['stop'], []], 'the newcomer goes, the worn one stays');
  assert.equal(group.mayRenew(4), false);
  nth(5).exit();
  nth(6).say('ready');
  await resized;
  assert.equal(group.mayRenew(3), true);
  void group.empty();
  assert.equal(group.mayRenew(3), false);
});

test('stop: the polite are waited for, the stubborn are killed', async () => {
  const { group, clock, nth } = running(2);
  const stopped = group.stop(patient());
  nth(1).say('stop');
  nth(1).exit();
  clock.tick(PATIENCE.drain + PATIENCE.stop);
  assert.deepEqual(nth(2).heard, ['drain', 'stop', 'kill']);
  nth(2).exit({ code: null, signal: 'SIGKILL' });
  assert.deepEqual(await stopped, { forced: [2], survived: [] });
  assert.equal(clock.pending, 0);
});

test('stop: a crash while stopping is not answered, a start that is still going on is rejected', async () => {
  const { group, clock, nth, count } = setUp();
  const started = group.resize(1);
  const stopped = group.stop(patient());
  await assert.rejects(started, /stopped/);
  nth(1).exit({ code: 1 });
  await stopped;
  clock.tick(120_000);
  assert.equal(count(), 1);
});

test('stop during the back-off forks nobody any more', async () => {
  const { group, clock, nth, count } = running(1);
  nth(1).exit();
  await group.stop(patient());
  clock.tick(120_000);
  assert.equal(count(), 1);
  assert.equal(clock.pending, 0);
});

test('whatever happens: one timer a child and one a slot, and stop always ends with none', async () => {
  const { group, clock, processes } = running(2, WITH_SILENCE);
  let seed = 42;
  const random = (n: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed % n;
  };
  const anyone = () => processes[Math.max(0, processes.length - 1 - random(12))];
  const causes = ['ready', 'heartbeat', 'stop', 'quit'] as const;
  const acts = [
    () => void group.resize(random(5)),
    () => void group.reload(),
    () => void group.renew(Math.max(1, processes.length - random(6))),
    () => clock.tick(random(12_000)),
    () => anyone()?.exit({ code: random(80) }),
    () => anyone()?.say('ready'),
    () => anyone()?.say(causes[random(4)] ?? 'ready'),
  ];
  for (let i = 0; i < 20_000; i++) {
    acts[random(acts.length)]?.();
    assert.ok(clock.pending <= 5 + group.children.length, `${clock.pending} timers`);
  }
  const stopped = group.stop(AbortSignal.abort());
  clock.tick(60_000);
  await stopped;
  assert.equal(clock.pending, 0);
});

test('reload: nobody leaves for the first newcomer before it has served for its probation', () => {
  const { group, nth, clock, count } = running(2, { probationMs: 500 });
  void group.reload();
  nth(3).say('ready');
  clock.tick(499);
  assert.deepEqual([nth(1).heard, count()], [[], 3]);
  clock.tick(1);
  assert.deepEqual([nth(1).heard, count()], [['drain'], 4]);
  nth(4).say('ready');
  assert.deepEqual(nth(2).heard, ['drain'], 'the others are believed');
});

test('reload: newcomers that listen and then fall over call it off, and cost nobody', async () => {
  const { group, nth, clock } = running(1, { probationMs: 500 });
  const reloaded = group.reload();
  for (const n of [2, 3, 4]) {
    nth(n).say('ready');
    clock.tick(300);
    nth(n).exit({ code: 1 });
    clock.tick(10_000);
  }
  await assert.rejects(reloaded, ReloadFailure);
  assert.deepEqual([nth(1).heard, group.goal.generation], [[], 1]);
});

test('reload: one that is called off in its second slot takes the first one back', async () => {
  const { group, nth, clock, count } = running(2, { probationMs: 500 });
  const reloaded = group.reload();
  nth(3).say('ready');
  clock.tick(500);
  nth(1).exit();
  for (const n of [4, 5, 6]) {
    nth(n).exit({ code: 1 });
    clock.tick(1_000);
  }
  await assert.rejects(reloaded, ReloadFailure);
  assert.equal(count(), 7);
  assert.equal(group.children.find(({ id }) => id === 7)?.generation, 1, 'forked as those before');
  assert.deepEqual(nth(3).heard, [], 'it serves until the other is ready');
  nth(7).say('ready');
  assert.deepEqual([nth(3).heard, nth(2).heard], [['drain'], []]);
});

test('reload: an exit with 78 calls it off at once', async () => {
  const { group, nth } = running(1, { probationMs: 500 });
  const reloaded = group.reload();
  nth(2).exit({ code: 78 });
  await assert.rejects(reloaded, (error: ReloadFailure) => error.attempts === 1);
  assert.deepEqual(nth(1).heard, []);
});
