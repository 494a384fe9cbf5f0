import assert from 'node:assert/strict';
import { test } from 'node:test';
import { publicStatus } from '../../lib/lifecycle/public-status.js';

test('the few words outsiders see', () => {
  const facts = { phase: 'up', isReloading: false, ready: 2, wanted: 2 } as const;
  assert.equal(publicStatus(facts), 'running');
  assert.equal(publicStatus({ ...facts, ready: 1 }), 'degraded');
  assert.equal(publicStatus({ ...facts, ready: 1, isReloading: true }), 'reloading');
  for (const phase of ['starting', 'stopping', 'stopped'] as const) assert.equal(publicStatus({ ...facts, phase }), phase);
});
