import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Cause, isFailure, LIFE, type Status } from '../../lib/lifecycle/child-life.js';

const stages = Object.entries(LIFE) as [Status, (typeof LIFE)[Status]][];
const edges = stages.flatMap(([from, { on }]) => (Object.entries(on) as [Cause, Status][]).map(([cause, to]) => ({ from, cause, to })));

test('every edge, so that a changed edge is a changed line', () => {
  assert.deepEqual(
    edges.map(({ from, cause, to }) => `${from} + ${cause} = ${to}`),
    [
      'starting + ready = ready',
      'starting + heartbeat = starting',
      'starting + drain = stopping',
      'starting + stop = stopping',
      'starting + kill = killing',
      'starting + quit = stopping',
      'starting + exited = gone',
      'starting + overdue = stopping',
      'ready + heartbeat = ready',
      'ready + drain = draining',
      'ready + stop = stopping',
      'ready + kill = killing',
      'ready + quit = draining',
      'ready + exited = gone',
      'ready + overdue = hung',
      'hung + heartbeat = ready',
      'hung + stop = stopping',
      'hung + kill = killing',
      'hung + quit = killing',
      'hung + exited = gone',
      'hung + overdue = killing',
      'draining + stop = stopping',
      'draining + kill = killing',
      'draining + exited = gone',
      'draining + overdue = stopping',
      'stopping + kill = killing',
      'stopping + exited = gone',
      'stopping + overdue = killing',
      'killing + exited = gone',
      'killing + overdue = lost',
      'lost + exited = gone',
    ],
  );
});

test('a stage has a patience if and only if it says what overdue means', () => {
  for (const [status, stage] of stages) assert.equal(stage.patience !== undefined, 'overdue' in stage.on, status);
});

test('every exit is noticed, from every stage with a process', () => {
  for (const [status, stage] of stages) if (status !== 'gone') assert.equal(stage.on.exited, 'gone', status);
});

test('no life goes backwards, except that a hung child may come back', () => {
  const order: Status[] = ['starting', 'ready', 'hung', 'draining', 'stopping', 'killing', 'lost', 'gone'];
  for (const { from, cause, to } of edges) if (cause !== 'heartbeat') assert.ok(order.indexOf(to) > order.indexOf(from), `${from} + ${cause}`);
});

test('failures are the edges out of service that nobody asked for', () => {
  const failures = edges.filter(({ from, cause }) => isFailure(from, cause)).map(({ from, cause }) => `${from} + ${cause}`);
  const unasked = ['quit', 'exited', 'overdue'];
  assert.deepEqual(
    failures,
    ['starting', 'ready', 'hung'].flatMap(from => unasked.map(cause => `${from} + ${cause}`)),
  );
});
