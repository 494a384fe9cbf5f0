import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  audible,
  GATHER_MS,
  type Haste,
  IMPATIENCE_MS,
  RELOADS_APART_MS,
  SAME_ACT_MS,
  type SignalHandlers,
  signalMeanings,
} from '../../lib/instance/signals.js';
import { turn } from '../../lib/system/clock.js';
import { isInBackground } from '../../lib/system/job-control.js';
import { FakeClock } from '../../lib/testing/fake-clock.js';

/** Somebody to be steered, who writes down what he is told. */
function listener(more: Partial<SignalHandlers> = {}) {
  const clock = new FakeClock();
  const told: string[] = [];
  let haste: Haste | undefined;
  const handlers: SignalHandlers = {
    stop: (signal, given) => {
      haste = given;
      told.push(`stop ${signal}`);
    },
    reload: () => void told.push('reload'),
    hurried: (signal, leftMs) => told.push(`${signal} ${leftMs}`),
    resize: by => told.push(`resize ${by}`),
    ...more,
  };
  const isForced = () => haste?.force.aborted;
  return { clock, told, hear: signalMeanings(handlers, clock), isForced, isHurried: () => haste?.hurry.aborted };
}

suite('what signals mean', () => {
  test('the first stops, the second leaves two seconds, the third none', () => {
    const { clock, told, hear, isForced, isHurried } = listener();
    hear('SIGTERM');
    assert.deepEqual([isHurried(), isForced()], [false, false]);
    clock.tick(SAME_ACT_MS);
    hear('SIGINT');
    assert.deepEqual([isHurried(), isForced()], [true, false]);
    clock.tick(SAME_ACT_MS);
    hear('SIGTERM');
    assert.equal(isForced(), true);
    assert.deepEqual(told, ['stop SIGTERM', `SIGINT ${IMPATIENCE_MS}`, 'SIGTERM 0']);
  });

  test('two seconds after the second, and not before, everything is forced', () => {
    const { clock, hear, isForced } = listener();
    hear('SIGTERM');
    clock.tick(SAME_ACT_MS);
    hear('SIGTERM');
    clock.tick(IMPATIENCE_MS - 1);
    assert.equal(isForced(), false);
    clock.tick(1);
    assert.equal(isForced(), true);
  });

  test('signals that come together are one', () => {
    const { clock, told, hear } = listener();
    hear('SIGINT');
    clock.tick(SAME_ACT_MS - 1);
    hear('SIGTERM');
    assert.deepEqual(told, ['stop SIGINT']);
  });

  test('QUIT stops as TERM does', () => {
    const { told, hear, isForced } = listener();
    hear('SIGQUIT');
    assert.deepEqual([told, isForced()], [['stop SIGQUIT'], false]);
  });

  test('a fast QUIT leaves nothing, first or second', () => {
    const first = listener({ isQuitFast: true });
    first.hear('SIGQUIT');
    assert.deepEqual([first.told, first.isForced()], [['stop SIGQUIT'], true]);
    const second = listener({ isQuitFast: true });
    second.hear('SIGTERM');
    second.hear('SIGQUIT');
    assert.deepEqual([second.told, second.isForced()], [['stop SIGTERM', 'SIGQUIT 0'], true]);
  });

  test('TTIN and TTOU within a second add up', () => {
    const { clock, told, hear } = listener();
    for (const signal of ['SIGTTIN', 'SIGTTIN', 'SIGTTOU', 'SIGTTIN'] as const) hear(signal);
    clock.tick(GATHER_MS - 1);
    assert.deepEqual(told, []);
    clock.tick(1);
    assert.deepEqual(told, ['resize 2']);
    hear('SIGTTOU');
    clock.tick(GATHER_MS);
    assert.deepEqual(told, ['resize 2', 'resize -1']);
  });

  test('steps that cancel each other out change nothing', () => {
    const { clock, told, hear } = listener();
    hear('SIGTTIN');
    hear('SIGTTOU');
    clock.tick(GATHER_MS);
    assert.deepEqual([told, clock.pending], [[], 0]);
  });

  test('twenty HUPs are two reloads: the one under way, and one that begins after the last of them', async () => {
    const ends: (() => void)[] = [];
    const { hear, clock } = listener({ reload: () => new Promise(resolve => ends.push(resolve)) });
    for (let n = 0; n < 10; n++) hear('SIGHUP');
    await turn();
    assert.equal(ends.length, 1);
    ends[0]?.();
    await turn();
    for (let n = 0; n < 10; n++) hear('SIGHUP');
    clock.tick(RELOADS_APART_MS - 1);
    await turn();
    assert.equal(ends.length, 1, 'more may come');
    clock.tick(1);
    await turn();
    assert.equal(ends.length, 2);
    ends[1]?.();
    clock.tick(RELOADS_APART_MS);
    await turn();
    assert.equal(ends.length, 2);
  });

  test('a reload that fails does not keep the next one from coming', async () => {
    let reloads = 0;
    const { hear, clock } = listener({ reload: () => Promise.reject(new Error(`failed ${++reloads}`)) });
    hear('SIGHUP');
    await turn();
    clock.tick(RELOADS_APART_MS);
    hear('SIGHUP');
    await turn();
    assert.equal(reloads, 2);
  });

  test("USR1 is the inspector's, and WINCH nobody's", () => {
    const heard = audible({ stop: () => {}, reload: () => {}, hurried: () => {}, resize: () => {} });
    assert.ok(heard.includes('SIGTTIN') && heard.includes('SIGHUP'));
    assert.ok(!heard.includes('SIGUSR1') && !heard.includes('SIGWINCH'));
  });

  test('who is asked for no size does not listen for one', () => {
    const heard = audible({ stop: () => {}, reload: () => {}, hurried: () => {} });
    assert.ok(!heard.includes('SIGTTIN') && !heard.includes('SIGTTOU'));
  });
});

test('a job is in the background when another group has its terminal', () => {
  assert.equal(isInBackground('7 (a) b) S 1 7 7 34816 9 0'), true);
  assert.equal(isInBackground('7 (node) S 1 7 7 34816 7 0'), false);
  assert.equal(isInBackground('7 (node) S 1 7 7 0 -1 0'), false);
  assert.equal(isInBackground(''), false);
});
