import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { IMPATIENCE_MS } from '../../lib/instance/signals.js';
import { APP_RESTART } from '../../lib/lifecycle/restart-policy.js';
import { lameDuck } from '../../lib/master/lame-duck.js';
import { StopPatience } from '../../lib/master/stop-patience.js';
import { timeoutsOf } from '../../lib/master/timeouts.js';
import { Group } from '../../lib/supervision/group.js';
import { turn } from '../../lib/system/clock.js';
import { FakeClock, FakeProcess } from '../../lib/testing.js';

const setUp = () => {
  const clock = new FakeClock();
  return { clock, patience: new StopPatience(() => clock) };
};

suite('the patience of a stop', () => {
  test('its budget runs from the drain on, and what is left is known', () => {
    const { clock, patience } = setUp();
    patience.heed({});
    clock.tick(5_000);
    patience.begin(30_000);
    clock.tick(29_999);
    assert.deepEqual([patience.leftMs, patience.force.aborted], [1, false]);
    clock.tick(1);
    assert.deepEqual([patience.leftMs, patience.force.aborted], [0, true]);
  });

  test('hurry leaves two seconds', () => {
    const { clock, patience } = setUp();
    const hurry = new AbortController();
    patience.heed({ hurry: hurry.signal });
    patience.begin(30_000);
    clock.tick(1_000);
    hurry.abort();
    assert.equal(patience.leftMs, IMPATIENCE_MS);
    assert.equal(patience.hurry.aborted, true);
  });

  test('whoever asks later can force what somebody else has begun', () => {
    const { patience } = setUp();
    patience.heed({});
    patience.begin(30_000);
    patience.heed({ force: AbortSignal.abort() });
    assert.deepEqual([patience.force.aborted, patience.hurry.aborted, patience.leftMs], [true, true, 0]);
  });
});

suite('the lame duck', () => {
  test('lasts as long as it was told to', async () => {
    const { clock, patience } = setUp();
    const told: unknown[] = [];
    let isOver = false;
    void lameDuck({ clock, patience, emit: event => told.push(event), lameDuckMs: 5_000, budgetMs: 30_000 }).then(() => {
      isOver = true;
    });
    clock.tick(4_999);
    await turn();
    assert.equal(isOver, false);
    clock.tick(1);
    await turn();
    assert.deepEqual([isOver, told], [true, [{ type: 'lame-duck-began', waitMs: 5_000, budgetMs: 30_000 }]]);
  });

  test('a second signal ends it, and leaves no timer', async () => {
    const { clock, patience } = setUp();
    const hurry = new AbortController();
    patience.heed({ hurry: hurry.signal });
    const over = lameDuck({ clock, patience, emit: () => {}, lameDuckMs: 5_000, budgetMs: 30_000 });
    hurry.abort();
    await over;
    assert.equal(clock.pending, 0);
  });
});

suite('a worker that ignores everything', () => {
  const world = () => {
    const { clock, patience } = setUp();
    const process = new FakeProcess();
    const { app, budgetMs } = timeoutsOf({ options: { stopTimeout: '30s' }, flavour: 'command', variable: () => undefined });
    const spec = { name: 'app', restart: APP_RESTART, patienceMs: app, refork: true, drains: true, exitsForGood: [78], reloadAttempts: 3, probationMs: 0 };
    const group = new Group(spec, { clock, random: () => 0, fork: () => process, emit: () => {} });
    void group.resize(1);
    process.say('ready');
    patience.begin(budgetMs);
    const stopped = group.stop(patience.force);
    return { clock, patience, process, stopped };
  };

  test('drains 16 s, gets SIGTERM, and 5 s later, not before, SIGKILL', async () => {
    const { clock, process, stopped } = world();
    clock.tick(15_999);
    assert.deepEqual(process.heard, ['drain']);
    clock.tick(1);
    assert.deepEqual(process.heard, ['drain', 'stop']);
    clock.tick(4_999);
    assert.deepEqual(process.heard, ['drain', 'stop']);
    clock.tick(1);
    assert.deepEqual(process.heard, ['drain', 'stop', 'kill']);
    process.exit({ code: null, signal: 'SIGKILL' });
    assert.deepEqual((await stopped).forced, [1]);
  });

  test('is killed at once when somebody forces', async () => {
    const { patience, process, stopped } = world();
    patience.heed({ force: AbortSignal.abort() });
    assert.deepEqual(process.heard, ['drain', 'kill']);
    process.exit({ code: null, signal: 'SIGKILL' });
    assert.deepEqual((await stopped).forced, [1]);
  });

  test('is given up two seconds after SIGKILL, and named', async () => {
    const { clock, stopped } = world();
    clock.tick(16_000 + 5_000 + 2_000);
    assert.deepEqual(await stopped, { forced: [1], survived: [1] });
  });
});
