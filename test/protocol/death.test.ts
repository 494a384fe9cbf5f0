import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DeathFacts, deathOf, deathText, errorLines } from '../../lib/protocol/death.js';
import { sizeText, spanText, wearText } from '../../lib/protocol/quantities.js';
import { VITALS } from '../support/vitals.js';

const byCode = (code: number, more: Partial<DeathFacts> = {}): DeathFacts => ({ exit: { code, signal: null }, failed: true, failedBy: 'exited', ...more });
const bySignal = (signal: string, more: Partial<DeathFacts> = {}): DeathFacts => ({ exit: { code: null, signal }, failed: true, failedBy: 'exited', ...more });
const heapOf = (used: number) => ({ vitals: { ...VITALS, heapUsedBytes: used, heapLimitBytes: 100 } });
const error = 'TypeError: x is not a function\n    at a (a.js:1:1)\n    at b (b.js:2:2)\n    at c (c.js:3:3)\n    at d (d.js:4:4)';

for (const [title, facts, kind, text] of [
  ['a fork that failed', { exit: { code: null, signal: null, error: 'EAGAIN' } }, 'not-forked', /^could not be forked: EAGAIN$/],
  ['one that never got ready', byCode(0, { failedBy: 'overdue', wasReady: false }), 'start-timeout', /^did not get ready in time$/],
  ['a silent one', bySignal('SIGKILL', { failedBy: 'overdue', wasReady: true, wasKilled: true }), 'hang', /silent for too long/],
  [
    'a silent one that came back and threw',
    byCode(1, { failedBy: 'overdue', wasReady: true, lastWords: { lines: [], error } }),
    'error',
    /^uncaught TypeError/,
  ],
  ['an uncaught error', byCode(1, { lastWords: { lines: [], error } }), 'error', /^uncaught TypeError: x is not a function$/],
  ['an error in a handler of errors', byCode(7, { lastWords: { lines: [], error } }), 'error', /^uncaught TypeError/],
  ['exit(1) without an error', byCode(1), 'exit', /^exit code 1 \(often an uncaught error\)$/],
  ['exit(3)', byCode(3, { lastWords: { lines: [], error } }), 'exit', /^exit code 3$/],
  ['exit(0) unasked', byCode(0), 'exit', /^exit code 0$/],
  ['an await that never ends', byCode(13), 'exit', /top-level await/],
  ['one that refuses', byCode(78, { lastWords: { lines: [], error } }), 'refused', /not to be started again/],
  ['one that left by itself', byCode(0, { failedBy: 'quit' }), 'left', /exit code 0: by itself/],
  [
    'the OOM killer',
    bySignal('SIGKILL', { isOutOfMemory: true, memoryLimitBytes: 2 ** 29 }),
    'out-of-memory',
    /^killed by the kernel: out of memory \(limit 512 MiB\)$/,
  ],
  ['the OOM killer of a machine without a limit', bySignal('SIGKILL', { isOutOfMemory: true }), 'out-of-memory', /^killed by the kernel: out of memory$/],
  ['kill -9', bySignal('SIGKILL', { isOutOfMemory: false }), 'signal', /^killed by SIGKILL from outside$/],
  ['kill -9 where nobody counts', bySignal('SIGKILL'), 'signal', /^killed by SIGKILL from outside, or by the kernel/],
  ['our own SIGKILL', bySignal('SIGKILL', { failedBy: 'quit', wasKilled: true, isOutOfMemory: true }), 'signal', /^SIGKILL by the master/],
  ['a SIGTERM that nobody handled', bySignal('SIGTERM'), 'signal', /^ended by SIGTERM from outside$/],
  ['app-cluster kill', bySignal('SIGKILL', { operatorSignal: 'SIGKILL', isOutOfMemory: false }), 'signal', /^SIGKILL by app-cluster kill$/],
  ['the same, politely', byCode(0, { failedBy: 'quit', operatorSignal: 'SIGTERM' }), 'left', /^exit code 0: SIGTERM by app-cluster kill$/],
  ['one that died of something else', bySignal('SIGSEGV', { operatorSignal: 'SIGHUP' }), 'crash', /^SIGSEGV/],
  ['our own SIGTERM', bySignal('SIGTERM', { failed: false }), 'signal', /^SIGTERM$/],
  ['a shell whose program was killed', byCode(137, { isOutOfMemory: false }), 'signal', /^killed by exit code 137, SIGKILL from outside$/],
  ['a shell whose program was told to end', byCode(143), 'signal', /^ended by exit code 143, SIGTERM from outside$/],
  ['a native crash', bySignal('SIGSEGV'), 'crash', /^SIGSEGV: it used memory that is not its own$/],
  ['the same, in a shell', byCode(135), 'crash', /^exit code 135, SIGBUS: /],
  ['an abort', bySignal('SIGABRT', heapOf(50)), 'crash', /^SIGABRT: .*often out of heap memory$/],
  ['an abort with a full heap', bySignal('SIGABRT', heapOf(95)), 'out-of-heap', /^SIGABRT: out of heap memory/],
  ['a full heap and another end', bySignal('SIGSEGV', heapOf(95)), 'crash', /^SIGSEGV/],
  [
    'V8 that says so',
    byCode(134, { lastWords: { lines: ['FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory'] } }),
    'out-of-heap',
    /^exit code 134, SIGABRT: out of heap memory/,
  ],
  ['an unknown code', byCode(200), 'exit', /^exit code 200$/],
] as const satisfies readonly (readonly [string, DeathFacts, string, RegExp])[]) {
  test(`the reason of a death: ${title}`, () => {
    const death = deathOf(facts);
    assert.equal(death.kind, kind);
    assert.match(death.text, text);
    assert.doesNotMatch(death.text, /\n/);
  });
}

test('at boot and at run time are told apart; what is not known is not said', () => {
  assert.equal(deathText(byCode(3, { wasReady: false, livedMs: 900 })), 'failed while starting: exit code 3');
  assert.equal(deathText(byCode(3, { wasReady: true, livedMs: 192_000 })), 'died after 3 m 12 s: exit code 3');
  assert.equal(deathText(byCode(3)), 'died: exit code 3', 'from the journal of a version before');
});

test('an error: its name and message, and the first three frames', () => {
  assert.deepEqual(errorLines(error), ['TypeError: x is not a function', '    at a (a.js:1:1)', '    at b (b.js:2:2)', '    at c (c.js:3:3)']);
  assert.deepEqual(errorLines('file:///a.js:3\nlet x = ;\n        ^\n\nSyntaxError: Unexpected token\n    at z (z:1:1)'), [
    'SyntaxError: Unexpected token',
    '    at z (z:1:1)',
  ]);
  assert.deepEqual(errorLines('just a text'), ['just a text']);
  assert.deepEqual(errorLines(''), ['error']);
});

test('quantities as people read them', () => {
  assert.deepEqual([850, 12_000, 192_000, 180_000, 12_000_000, 90_000_000].map(spanText), ['850 ms', '12 s', '3 m 12 s', '3 m', '3 h 20 m', '1 d 1 h']);
  assert.deepEqual([2 ** 19, 523.4 * 2 ** 20, 2 ** 30, 1.5 * 2 ** 30].map(sizeText), ['512 KiB', '523 MiB', '1 GiB', '1.5 GiB']);
  assert.equal(wearText({ by: 'memory', value: 523 * 2 ** 20, limit: 2 ** 29 }), '523 MiB of at most 512 MiB');
  assert.equal(wearText({ by: 'requests', value: 98, limit: 100 }), '98 requests of at most 100 requests');
  assert.equal(wearText({ by: 'age', value: 86_000_000, limit: 86_400_000 }), '23 h 53 m of at most 1 d');
});
