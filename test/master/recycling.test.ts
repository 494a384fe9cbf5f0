import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventBus } from '../../lib/instance/event-bus.js';
import type { WearLimits } from '../../lib/lifecycle/wear.js';
import { Beats } from '../../lib/master/beats.js';
import { type Recyclable, Recycling } from '../../lib/master/recycling.js';
import { wearLimits, wrongMemoryLimit } from '../../lib/master/wear-limits.js';
import type { ClusterEvent } from '../../lib/protocol/events.js';
import { FakeClock } from '../../lib/testing.js';
import { VITALS } from '../support/vitals.js';

function setUp(limits: WearLimits, count = 2, random: () => number = () => 0) {
  const clock = new FakeClock();
  const events = new EventBus();
  const told: unknown[] = [];
  const worn: ClusterEvent[] = [];
  const renewed: number[] = [];
  const state = { mayRenew: true };
  events.on('child-worn', event => worn.push(event));
  const make = (id: number): Recyclable => ({
    role: 'app',
    pid: 100 + id,
    place: { id, slot: id - 1, generation: 1 },
    forkedAtMs: clock.now(),
    isServing: true,
    beats: new Beats(),
    forked: {
      send: word => {
        told.push(word);
        return true;
      },
    },
  });
  const workers = Array.from({ length: count }, (_, n) => make(n + 1));
  const group = {
    mayRenew: (id: number) => state.mayRenew && !renewed.includes(id),
    renew: (id: number) => {
      renewed.push(id);
      return true;
    },
  };
  const recycling = new Recycling({ limits, clock, random, events, crew: { group, workers } });
  const beat = (id: number, vitals: Partial<typeof VITALS>) => workers[id - 1]?.beats.hear({ ...VITALS, ...vitals }, clock.now());
  recycling.watch();
  return { clock, events, told, worn, renewed, state, recycling, beat, workers };
}

test('by age: at its very millisecond, each worker at a time of its own', () => {
  const draws = [0, 0.5];
  const { clock, renewed, worn } = setUp({ ageMs: 10_000 }, 2, () => draws.shift() ?? assert.fail('one draw for each worker'));
  clock.tick(9_499);
  assert.deepEqual(renewed, []);
  clock.tick(1);
  assert.deepEqual(renewed, [2]);
  clock.tick(499);
  assert.deepEqual(renewed, [2]);
  clock.tick(1);
  assert.deepEqual(renewed, [2, 1]);
  assert.deepEqual(worn[0], {
    type: 'child-worn',
    role: 'app',
    pid: 102,
    id: 2,
    slot: 1,
    generation: 1,
    by: 'age',
    value: 9_500,
    limit: 10_000,
    threshold: 9_500,
    ageMs: 9_500,
  });
});

test('by requests: with the beat that says so; the worker was told its limit', () => {
  const { renewed, told, beat } = setUp({ requests: 100 });
  assert.deepEqual(told[0], { cmd: 'NODE_APP_CLUSTER', act: 'limits', requests: 100, memoryBytes: undefined });
  beat(1, { requests: 99 });
  assert.deepEqual(renewed, []);
  beat(1, { requests: 100 });
  assert.deepEqual(renewed, [1]);
});

test('one whose turn it is not yet is looked at again every second; one that has shrunk meanwhile stays', () => {
  const { clock, renewed, state, beat } = setUp({ memoryBytes: 1_000 });
  clock.tick(20_000);
  state.mayRenew = false;
  beat(1, { rssBytes: 2_000 });
  beat(2, { rssBytes: 3_000 });
  clock.tick(5_000);
  assert.deepEqual(renewed, []);
  beat(2, { rssBytes: 900 });
  state.mayRenew = true;
  clock.tick(1_000);
  assert.deepEqual(renewed, [1]);
});

test('newcomers have limits of their own, and those that are above memory at once are replaced more and more slowly', () => {
  const { clock, events, renewed, workers, beat } = setUp({ memoryBytes: 1_000 }, 1);
  beat(1, { rssBytes: 2_000 });
  assert.deepEqual(renewed, [1]);
  workers.push({ ...(workers[0] ?? assert.fail()), place: { id: 2, slot: 0, generation: 1 }, beats: new Beats() });
  events.emit({ type: 'child-left' } as ClusterEvent);
  beat(2, { rssBytes: 2_000 });
  clock.tick(999);
  assert.deepEqual(renewed, [1]);
  clock.tick(1);
  assert.deepEqual(renewed, [1, 2]);
});

test('nothing is left of it when it is cancelled', () => {
  const { clock, renewed, recycling, beat } = setUp({ ageMs: 10_000, requests: 1 });
  recycling.cancel();
  beat(1, { requests: 5 });
  clock.tick(20_000);
  assert.deepEqual([renewed, clock.pending], [[], 0]);
});

test('limits in numbers: sizes, shares of what there is, and none', () => {
  const of = (maxMemory: string | undefined, maxRequests?: number) =>
    wearLimits({ maxMemory, maxRequests, maxAgeMs: undefined } as Parameters<typeof wearLimits>[0], () => 1_000_000);
  assert.equal(of(undefined), undefined);
  assert.deepEqual(of('80%'), { memoryBytes: 800_000, requests: undefined, ageMs: undefined });
  assert.equal(of('512M', 5)?.memoryBytes, 512 * 2 ** 20);
  assert.deepEqual(
    ['0', '0M', '0%', '101%', '100%', '1%', '512M'].map(text => wrongMemoryLimit(text) === undefined),
    [false, false, false, false, true, true, true],
  );
});
