import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { judgeControl, parseEnvelope, parseRealPort, receiverOf } from '../../lib/protocol/messages.js';
import { CMD, parseWorkerWord } from '../../lib/protocol/words.js';

test('anything at all is an envelope or malformed, and never throws', () => {
  fc.assert(
    fc.property(fc.anything(), message => {
      const parsed = parseEnvelope(message);
      if ('malformed' in parsed && typeof parsed.malformed === 'string') return;
      assert.equal(typeof (parsed as { action: unknown }).action, 'string');
    }),
  );
});

test('a text is its own action and payload', () => {
  assert.deepEqual(parseEnvelope('hello'), { action: 'hello', data: 'hello' });
});

test('a target nobody knows is malformed, one left out is not', () => {
  assert.ok('malformed' in parseEnvelope({ action: 'x', to: '__proto__' }));
  assert.ok('action' in parseEnvelope({ action: 'x', to: null }));
});

test('the newer name of the receiver wins, numbers become text', () => {
  assert.equal(receiverOf({ action: 'x', receiverPid: '1', receiverWorkerId: '2' }), '2');
  assert.equal(receiverOf({ action: 'x', receiverPid: 3 as unknown as string }), '3');
  assert.equal(receiverOf({ action: 'x' }), undefined);
});

test('control actions are believed only from those who may send them', () => {
  assert.deepEqual(judgeControl('reload-worker', 'parent'), { control: 'reload-worker' });
  assert.deepEqual(judgeControl('agent-start', 'agent'), { control: 'agent-start' });
  for (const [action, from] of [
    ['reload-worker', 'app'],
    ['agent-start', 'app'],
    ['app-exit', 'app'],
    ['agent-exit', 'agent'],
    ['realport', 'agent'],
  ] as const) {
    assert.ok('refuse' in judgeControl(action, from), action);
  }
});

test('names of object members are ordinary actions', () => {
  for (const action of ['constructor', '__proto__', 'toString', 'error', 'hasOwnProperty']) assert.deepEqual(judgeControl(action, 'app'), { pass: true });
});

test('a real port is a port, a path, or nothing', () => {
  assert.equal(parseRealPort(7001)?.port, 7001);
  assert.deepEqual(parseRealPort({ port: '7001', protocol: 'https' }), { port: 7001, isHttps: true });
  assert.equal(parseRealPort({ port: '/tmp/app.sock' })?.port, '/tmp/app.sock');
  const unspeakable = { toString: 1, valueOf: 1 };
  assert.equal(parseRealPort({ port: unspeakable }), undefined);
  assert.equal(receiverOf({ action: 'x', receiverPid: unspeakable as unknown as string }), undefined);
  for (const nonsense of [null, undefined, {}, 'x'.repeat(0), 0, 65_536, -1, 1.5, Number.NaN, []]) assert.equal(parseRealPort(nonsense), undefined);
});

test('whatever a worker says in our name is a word we know or nothing, and last words are bounded', () => {
  fc.assert(fc.property(fc.anything(), message => void parseWorkerWord(message)));
  fc.assert(
    fc.property(fc.anything(), words => {
      const word = parseWorkerWord({ cmd: CMD, act: 'last-words', words });
      assert.ok(word?.act === 'last-words' && Array.isArray(word.words.lines));
    }),
  );
  const word = parseWorkerWord({ cmd: CMD, act: 'last-words', words: { lines: Array(1_000).fill('x'.repeat(10_000)), error: 'e'.repeat(100_000) } });
  assert.ok(
    word?.act === 'last-words' &&
      word.words.lines.length === 40 &&
      word.words.lines.every(line => line.length <= 2_000) &&
      (word.words.error?.length ?? 0) <= 8_000,
  );
});
