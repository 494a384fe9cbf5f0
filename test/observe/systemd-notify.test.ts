import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { NO_LOSSES } from '../../lib/master/losses.js';
import { tellSystemd } from '../../lib/observe/systemd-notify.js';
import type { ClusterEvent } from '../../lib/protocol/events.js';
import { FakeClock } from '../../lib/testing.js';

const MEMORY = { totalBytes: 0, freeBytes: 0, heapLimitBytes: 0, heapUsedBytes: 0 };
const STARTED: ClusterEvent = { type: 'cluster-started', name: 'web', address: { protocol: 'http', text: '' }, tookMs: 1, isSticky: false };
const STOPPING: ClusterEvent = { type: 'cluster-stopping', signal: 'SIGTERM', budgetMs: 30_000, memory: MEMORY };
const LEFT = { type: 'child-left', failed: true } as ClusterEvent;

function watched(watchdogMs?: number) {
  const clock = new FakeClock();
  const told: string[] = [];
  const state = { workers: 4, generation: 1 };
  const notifier = { tell: (assignments: readonly string[]) => void told.push(assignments.join(' | ')) };
  const hear = tellSystemd({
    notifier,
    wishes: { watchdogMs },
    mainPid: 7,
    clock,
    monotonicUsec: () => '123',
    state: () => `${state.workers} workers, generation ${state.generation}`,
  });
  return { clock, told, state, hear };
}

suite('what systemd is told', () => {
  test('ready with the pid that it knows, and not before all are up', () => {
    const { told, hear } = watched();
    hear({ type: 'cluster-resized', workers: 4 });
    assert.deepEqual(told, []);
    hear(STARTED);
    assert.deepEqual(told, ['READY=1 | MAINPID=7 | STATUS=4 workers, generation 1']);
  });

  test('a reload begins at a time and ends, also when it fails', () => {
    const { told, state, hear } = watched();
    hear(STARTED);
    hear({ type: 'cluster-reloading' });
    state.generation = 2;
    hear({ type: 'cluster-reloaded', losses: NO_LOSSES, tookMs: 1 });
    hear({ type: 'cluster-reloading' });
    hear({ type: 'reload-failed', message: '' });
    const [begin, end] = ['RELOADING=1 | MONOTONIC_USEC=123 | STATUS=reloading', 'READY=1 | STATUS=4 workers, generation 2'];
    assert.deepEqual(told.slice(1), [begin, end, begin, end]);
  });

  test('how many there are, whenever that changes, and no more often', () => {
    const { told, state, hear } = watched();
    hear(STARTED);
    hear(LEFT);
    state.workers = 1;
    hear(LEFT);
    hear(LEFT);
    assert.deepEqual(told.slice(1), ['STATUS=1 workers, generation 1']);
  });

  test('the end, and how much longer it may take: the lame duck counts', () => {
    const { told, hear } = watched();
    hear(STARTED);
    hear(STOPPING);
    hear({ type: 'lame-duck-began', waitMs: 10_000, budgetMs: 30_000 });
    hear({ type: 'cluster-draining', requests: 3, sockets: 12, leftMs: 7_000 });
    assert.deepEqual(told.slice(1), [
      'STOPPING=1 | STATUS=stopping | EXTEND_TIMEOUT_USEC=35000000',
      'STATUS=serving on, not ready any more | EXTEND_TIMEOUT_USEC=45000000',
      'STATUS=draining: 3 requests, 12 sockets | EXTEND_TIMEOUT_USEC=12000000',
    ]);
  });

  test('of a supervisor: each start may take its time, ready when all have been tried, a changed file is a reload', () => {
    const { told, hear } = watched();
    hear({ type: 'service-starting', service: 'db', port: undefined, limitMs: 15_000 });
    hear({ type: 'supervisor-started', name: 'sup', tookMs: 1, running: 4, failed: [] });
    hear({ type: 'service-starting', service: 'db', port: undefined, limitMs: 15_000 });
    hear({ type: 'config-applying' });
    hear({ type: 'config-settled', tookMs: 1 });
    hear(STOPPING);
    hear({ type: 'config-settled', tookMs: 1 });
    assert.deepEqual(told, [
      'STATUS=starting db | EXTEND_TIMEOUT_USEC=20000000',
      'READY=1 | MAINPID=7 | STATUS=4 workers, generation 1',
      'RELOADING=1 | MONOTONIC_USEC=123 | STATUS=reloading',
      'READY=1 | STATUS=4 workers, generation 1',
      'STOPPING=1 | STATUS=stopping | EXTEND_TIMEOUT_USEC=35000000',
    ]);
  });

  test('the watchdog hears of us twice within its time, until the end', () => {
    const { clock, told, hear } = watched(10_000);
    hear(STARTED);
    clock.tick(4_999);
    assert.equal(told.length, 1);
    clock.tick(1);
    clock.tick(5_000);
    assert.deepEqual(told.slice(1), ['WATCHDOG=1', 'WATCHDOG=1']);
    hear({ type: 'cluster-stopped', forced: [], survived: [], tookMs: 1 });
    assert.equal(clock.pending, 0);
  });
});
