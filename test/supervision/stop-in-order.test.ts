import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Part, stopInOrder } from '../../lib/supervision/stop-in-order.js';

const patient = () => new AbortController().signal;
const polite = (name: string, log: string[] = []): Part => ({
  name,
  stop: async () => {
    log.push(name);
    return undefined;
  },
});
const stubborn = (name: string): Part => ({
  name,
  stop: force => new Promise(resolve => force.addEventListener('abort', () => resolve({ forced: [7], survived: [8] }))),
});
const broken = (name: string): Part => ({ name, stop: () => Promise.reject(new Error('stuck')) });

test('parts stop in the reverse of their start order', async () => {
  const log: string[] = [];
  await stopInOrder([polite('agent', log), polite('app', log)], patient());
  assert.deepEqual(log, ['app', 'agent']);
});

test('what had to be forced, and what survived, is reported', async () => {
  const impatient = new AbortController();
  const stopping = stopInOrder([stubborn('app')], impatient.signal);
  impatient.abort();
  const { forced, survived } = await stopping;
  assert.deepEqual([forced, survived], [[7], [8]]);
});

test('a part that cannot stop does not keep the others up', async () => {
  const report = await stopInOrder([polite('agent'), broken('app')], patient());
  assert.deepEqual(report.stopped, ['agent']);
  assert.deepEqual([...report.failed.keys()], ['app']);
});
