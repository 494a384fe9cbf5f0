import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { portCandidates } from '../../lib/lifecycle/port-candidates.js';

test('its running one, its configured one, its last one, then upwards from the base', () => {
  const found = [...portCandidates({ running: 9_000, preferred: 8_700, last: 8_644, from: 8_642, to: 8_645, isFixed: false })];
  assert.deepEqual(found, [9_000, 8_700, 8_644, 8_642, 8_643, 8_645]);
});

test('a fixed one is the only one', () => {
  assert.deepEqual([...portCandidates({ last: 9_000, from: 80, to: 80, isFixed: true })], [80]);
});

test('none twice, none of the range left out', () => {
  const port = fc.option(fc.integer({ min: 1, max: 60 }), { nil: undefined });
  fc.assert(
    fc.property(port, port, port, fc.integer({ min: 1, max: 40 }), fc.nat(20), (running, preferred, last, from, width) => {
      const found = [...portCandidates({ running, preferred, last, from, to: from + width, isFixed: false })];
      assert.equal(new Set(found).size, found.length);
      for (let wanted = from; wanted <= from + width; wanted++) assert.ok(found.includes(wanted));
    }),
  );
});
