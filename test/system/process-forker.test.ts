import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Exit } from '../../lib/protocol/events.js';
import type { ForkedChild } from '../../lib/system/forker.js';
import { ProcessForker } from '../../lib/system/process-forker.js';
import { fixture } from '../support/fixtures.js';

const forkerOf = (file: string, cwd?: string) => new ProcessForker({ file, args: [], execArgv: [], env: {}, cwd });

function exitOf(child: ForkedChild): Promise<Exit[]> {
  const exits: Exit[] = [];
  return new Promise(resolve => {
    child.watch({
      onMessage: () => {},
      onInternal: () => false,
      onListening: () => {},
      onDisconnect: () => {},
      onError: () => {},
      onExit: exit => exits.push(exit),
      onSettled: () => resolve(exits),
    });
  });
}

test('exactly one exit, with code or signal', async () => {
  const polite = forkerOf(fixture('apps/exits-78.js')).fork({ env: {}, mark: 'test.1' });
  assert.deepEqual(await exitOf(polite), [{ code: 78, signal: null }]);
  const killed = forkerOf(fixture('apps/never-listens.js')).fork({ env: {}, mark: 'test.2' });
  const exit = exitOf(killed);
  killed.signal('SIGKILL');
  assert.deepEqual(await exit, [{ code: null, signal: 'SIGKILL' }]);
});

test('a fork that fails is an exit with its reason', async () => {
  const [exit, ...more] = await exitOf(forkerOf('x', '/nope/nowhere').fork({ env: {}, mark: 'test.3' }));
  assert.match(exit?.error ?? '', /ENOENT/);
  assert.deepEqual(more, []);
});

test('sending to a dead child, or what cannot be sent, is false and never throws', async () => {
  const child = forkerOf(fixture('apps/exits-78.js')).fork({ env: {}, mark: 'test.4' });
  const circular: Record<string, unknown> = {};
  circular['self'] = circular;
  assert.equal(child.send(circular), false);
  assert.equal(child.send({ n: 1n }), false);
  await exitOf(child);
  assert.equal(child.send({ action: 'x' }), false);
});

test('a child that does not read is sent no more than it may owe', async () => {
  const child = forkerOf(fixture('apps/never-listens.js')).fork({ env: {}, mark: 'test.5' });
  const exit = exitOf(child);
  child.signal('SIGSTOP');
  let sent = 0;
  while (sent < 50_000 && child.send({ action: 'flood', data: 'x'.repeat(100) })) sent++;
  assert.ok(sent >= 1_000 && sent <= 20_000, String(sent));
  child.signal('SIGKILL');
  await exit;
});
