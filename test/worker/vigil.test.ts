import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../lib/testing.js';
import { Vigil } from '../../lib/worker/vigil.js';

function setUp({ limitMs = 60_000, orphanMs = 24_000 } = {}) {
  const clock = new FakeClock();
  const world = { beats: 0, isDebugged: false, isOrphaned: false };
  const seen: string[] = [];
  const note = (what: string) => () => void seen.push(what);
  const stop = new Vigil({
    clock,
    limitMs,
    orphanMs,
    beats: () => world.beats,
    isDebugged: () => world.isDebugged,
    isOrphaned: () => world.isOrphaned,
    capture: note('capture'),
    drop: note('drop'),
    end: note('end'),
  }).start();
  const beatFor = (ms: number) => {
    for (let passed = 0; passed < ms; passed += 5_000) {
      world.beats++;
      clock.tick(5_000);
    }
  };
  return { clock, world, seen, beatFor, stop };
}

test('a main thread that comes by is never looked at', () => {
  const { beatFor, seen } = setUp();
  beatFor(600_000);
  assert.deepEqual(seen, []);
});

test('a silent one is looked at once, two seconds before it is given up', () => {
  const { clock, seen, beatFor } = setUp();
  beatFor(5_000);
  clock.tick(52_500);
  assert.deepEqual(seen, []);
  clock.tick(1_000);
  assert.deepEqual(seen, ['capture']);
  clock.tick(600_000);
  assert.deepEqual(seen, ['capture']);
});

test('one that comes back in time is forgotten, one that comes back later is not; either is looked at again', () => {
  const { clock, world, seen, beatFor } = setUp();
  clock.tick(59_000);
  beatFor(5_000);
  assert.deepEqual(seen, ['capture', 'drop']);
  clock.tick(61_000);
  beatFor(5_000);
  assert.deepEqual(seen, ['capture', 'drop', 'capture']);
  world.beats++;
  clock.tick(59_000);
  assert.deepEqual(seen, ['capture', 'drop', 'capture', 'capture']);
});

test('with a low limit it is looked at after half of it', () => {
  const { clock, seen } = setUp({ limitMs: 1_000 });
  clock.tick(500);
  assert.deepEqual(seen, []);
  clock.tick(100);
  assert.deepEqual(seen, ['capture']);
});

test('a breakpoint is no hang', () => {
  const { clock, world, seen } = setUp();
  world.isDebugged = true;
  world.isOrphaned = true;
  clock.tick(600_000);
  assert.deepEqual(seen, []);
});

test('a process that was stopped has not been silent', () => {
  const { clock, world, seen, beatFor } = setUp();
  beatFor(10_000);
  for (let n = 0; n < 20; n++) {
    clock.sleep(600_000);
    clock.tick(0);
    world.beats++;
    clock.tick(4_000);
  }
  assert.deepEqual(seen, []);
});

test('blocked for good without a master: it is ended when drain and stop are over; one that comes by, or has a master, never', () => {
  const { clock, world, seen, beatFor, stop } = setUp();
  world.isOrphaned = true;
  beatFor(100_000);
  assert.deepEqual(seen, []);
  world.isOrphaned = false;
  clock.tick(200_000);
  assert.deepEqual(seen, ['capture']);
  world.isOrphaned = true;
  clock.tick(23_500);
  assert.deepEqual(seen, ['capture']);
  clock.tick(1_000);
  assert.equal(seen.join(' '), 'capture end end');
  stop();
  assert.equal(clock.pending, 0);
});
