import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inOrder } from '../../lib/supervisor/ordered.js';
import { Turns } from '../../lib/supervisor/turns.js';

function later() {
  let resolve: () => void = () => {};
  const promise = new Promise<void>(done => {
    resolve = done;
  });
  return { promise, resolve };
}
const settled = () => new Promise(resolve => setImmediate(resolve));

test('so many at once, and the others in their order; one that fails gives its place back', async () => {
  const turns = new Turns(2);
  const gates = [later(), later(), later(), later()];
  const begun: number[] = [];
  const all = gates.map((gate, index) =>
    turns
      .run(async () => {
        begun.push(index);
        await gate.promise;
        if (index === 0) throw new Error('no');
      })
      .catch(() => 'failed'),
  );
  await settled();
  assert.deepEqual(begun, [0, 1]);
  gates[0]?.resolve();
  await settled();
  assert.deepEqual(begun, [0, 1, 2]);
  for (const gate of gates) gate.resolve();
  assert.deepEqual(await Promise.all(all), ['failed', undefined, undefined, undefined]);
});

test('one that hangs delays nobody but those that wait for it', async () => {
  const gate = later();
  const done: string[] = [];
  const needs: Record<string, string[]> = { b: ['hung'], c: [] };
  const over = inOrder({
    names: ['hung', 'b', 'c'],
    before: (name, end) => (needs[name] ?? []).map(end),
    act: async name => {
      if (name === 'hung') await gate.promise;
      done.push(name);
    },
    atOnce: 2,
  });
  await settled();
  assert.deepEqual(done, ['c']);
  gate.resolve();
  await over;
  assert.deepEqual(done, ['c', 'hung', 'b']);
});

test('a turn may be over before its act is: what only waits keeps nobody from working', async () => {
  const gate = later();
  const begun: string[] = [];
  const over = inOrder({
    names: ['waits', 'b'],
    before: () => [],
    act: async name => {
      begun.push(name);
      await gate.promise;
    },
    atOnce: 1,
    turn: (name, act) => (name === 'waits' ? Promise.resolve() : act),
  });
  await settled();
  assert.deepEqual(begun, ['waits', 'b']);
  gate.resolve();
  await over;
});

test('one that fails does not keep those after it from their turn; names that are not meant are not waited for', async () => {
  const done: string[] = [];
  await inOrder({
    names: ['a', 'b'],
    before: (name, end) => (name === 'b' ? [end('a'), end('elsewhere')] : []),
    act: async name => {
      if (name === 'a') throw new Error('no');
      done.push(name);
    },
    atOnce: 16,
  });
  assert.deepEqual(done, ['b']);
});
