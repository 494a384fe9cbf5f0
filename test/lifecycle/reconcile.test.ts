import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Status } from '../../lib/lifecycle/child-life.js';
import { type Goal, type Member, reconcile } from '../../lib/lifecycle/reconcile.js';

const always = () => true;
const goal = (size: number, generation = 1, surge = 1): Goal => ({ size, generation, surge });
const member = (id: number, slot: number, status: Status = 'ready', generation = 1): Member => ({ id, slot, status, generation });

/** Plays steps in a world where every order is obeyed at once. */
function play(start: readonly Member[], wanted: Goal): string[] {
  let members = [...start];
  let lastId = Math.max(0, ...members.map(({ id }) => id));
  const steps: string[] = [];
  while (steps.length < 100) {
    const step = reconcile(members, wanted, always);
    if (step.do === 'rest') return steps;
    assert.notEqual(step.do, 'wait', 'in this world there is nothing to wait for');
    if (step.do === 'add') {
      steps.push(`add ${step.slot}`);
      members.push({ id: ++lastId, slot: step.slot, status: 'ready', generation: wanted.generation });
    } else if (step.do === 'retire' || step.do === 'kill') {
      steps.push(`${step.do} ${step.id}`);
      members = members.filter(({ id }) => id !== step.id);
    }
  }
  throw new Error('never came to rest');
}

test('boot adds until every slot is filled', () => {
  assert.deepEqual(play([], goal(2)), ['add 0', 'add 1']);
});

test('reload swaps slot by slot, newcomer first', () => {
  assert.deepEqual(play([member(1, 0), member(2, 1)], goal(2, 2)), ['add 0', 'retire 1', 'add 1', 'retire 2']);
});

test('reload waits for the newcomer to be ready before anybody leaves', () => {
  const members = [member(1, 0), member(2, 1), member(3, 0, 'starting', 2)];
  assert.deepEqual(reconcile(members, goal(2, 2), always), { do: 'wait' });
  assert.deepEqual(reconcile([...members.slice(0, 2), member(3, 0, 'ready', 2)], goal(2, 2), always), { do: 'retire', id: 1 });
});

test('a surge of two swaps two slots at a time', () => {
  const members = [member(1, 0), member(2, 1), member(3, 2), member(4, 0, 'starting', 2)];
  assert.deepEqual(reconcile(members, goal(3, 2, 2), always), { do: 'add', slot: 1 });
  assert.deepEqual(reconcile([...members, member(5, 1, 'starting', 2)], goal(3, 2, 2), always), { do: 'wait' });
});

test('a draining predecessor does not hold up the next swap', () => {
  assert.deepEqual(reconcile([member(1, 0, 'draining'), member(2, 1), member(3, 0, 'ready', 2)], goal(2, 2), always), { do: 'add', slot: 1 });
});

test('a reload that is called off keeps the old, and what was already swapped', () => {
  const members = [member(3, 0, 'ready', 2), member(2, 1), member(4, 1, 'starting', 2)];
  assert.deepEqual(reconcile(members, goal(2, 1), always), { do: 'retire', id: 4 });
  assert.deepEqual(reconcile(members.slice(0, 2), goal(2, 1), always), { do: 'rest' });
});

test('one of an old generation that never served makes way at once', () => {
  assert.deepEqual(reconcile([member(1, 0, 'starting')], goal(1, 2), always), { do: 'retire', id: 1 });
});

test('scaling down takes the highest slots, stop is a goal of none', () => {
  assert.deepEqual(play([member(1, 0), member(2, 1), member(3, 2)], goal(1)), ['retire 3', 'retire 2']);
  assert.deepEqual(play([member(1, 0), member(2, 1)], goal(0)), ['retire 2', 'retire 1']);
});

test('a hung child gets a replacement first and is killed when that is ready', () => {
  assert.deepEqual(reconcile([member(1, 0, 'hung')], goal(1), always), { do: 'add', slot: 0 });
  assert.deepEqual(reconcile([member(1, 0, 'hung'), member(2, 0, 'starting')], goal(1), always), { do: 'wait' });
  assert.deepEqual(reconcile([member(1, 0, 'hung'), member(2, 0)], goal(1), always), { do: 'kill', id: 1 });
});

test('a hung child that came back needs no replacement', () => {
  assert.deepEqual(reconcile([member(1, 0), member(2, 0, 'starting')], goal(1), always), { do: 'retire', id: 2 });
});

test('a slot that may not be forked is waited for', () => {
  assert.deepEqual(
    reconcile([member(1, 1)], goal(2), slot => slot !== 0),
    { do: 'wait' },
  );
});

test('a child that could not even be killed does not hold its slot', () => {
  assert.deepEqual(reconcile([member(1, 0, 'lost')], goal(1), always), { do: 'add', slot: 0 });
});

test('one that is worn out is replaced in its own generation, newcomer first, and nobody else is touched', () => {
  const worn = { ...goal(2), worn: 1 };
  const members = [member(1, 0), member(2, 1)];
  assert.deepEqual(reconcile(members, worn, always), { do: 'add', slot: 0 });
  assert.deepEqual(reconcile([...members, member(3, 0, 'starting')], worn, always), { do: 'wait' });
  assert.deepEqual(reconcile([...members, member(3, 0)], worn, always), { do: 'retire', id: 1 });
  assert.deepEqual(reconcile([member(1, 0, 'draining'), member(2, 1), member(3, 0)], worn, always), { do: 'wait' });
  assert.deepEqual(reconcile([member(2, 1), member(3, 0)], worn, always), { do: 'rest' });
});

test('one that is worn out serves on while its newcomers may not be forked; when it is forgotten the newcomer goes', () => {
  const members = [member(1, 0), member(2, 1)];
  assert.deepEqual(
    reconcile(members, { ...goal(2), worn: 1 }, () => false),
    { do: 'wait' },
  );
  assert.deepEqual(reconcile([...members, member(3, 0, 'starting')], goal(2), always), { do: 'retire', id: 3 });
});

const statuses: Status[] = ['starting', 'ready', 'hung', 'draining', 'stopping', 'killing'];
const anyMembers = fc
  .array(fc.record({ slot: fc.nat(4), status: fc.constantFrom(...statuses), generation: fc.integer({ min: 1, max: 3 }) }), { maxLength: 10 })
  .map(records => records.map((record, index): Member => ({ id: index + 1, ...record })));

test('from any members every goal is reached, and no ready incumbent leaves an empty slot behind', () => {
  fc.assert(
    fc.property(anyMembers, fc.nat(4), fc.integer({ min: 1, max: 3 }), fc.nat(10), (start, size, generation, worn) => {
      let members = [...start];
      for (let steps = 0; steps < 200; steps++) {
        const step = reconcile(members, { ...goal(size, generation), worn }, always);
        if (step.do === 'rest')
          return assert.ok(
            members.every(({ id }) => id !== worn),
            'the worn one is gone',
          );
        if (step.do === 'add') members.push({ id: 1_000 + steps, slot: step.slot, status: 'starting', generation });
        if (step.do === 'wait') members = members.flatMap(elapse);
        if ('id' in step) {
          const leaver = members.find(({ id }) => id === step.id) ?? assert.fail();
          members = members.filter(other => other !== leaver);
          if (leaver.status === 'ready' && leaver.slot < size) assert.ok(members.some(({ slot, status }) => slot === leaver.slot && status === 'ready'));
        }
      }
      assert.fail('never came to rest');
    }),
  );
});

/** Time passes: newcomers get ready, leavers are gone. */
function elapse(one: Member): Member[] {
  if (one.status === 'starting') return [{ ...one, status: 'ready' }];
  return one.status === 'ready' || one.status === 'hung' ? [one] : [];
}
