import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hangText, parseEvidence, placeOf } from '../../lib/protocol/hang.js';
import { frameText } from '../../lib/system/main-thread-inspector.js';

const frame = (url: string, functionName = 'checkout') => ({ functionName, url, location: { scriptId: '7', lineNumber: 40, columnNumber: 8 } });

test('a frame: function, file, line and column as editors count them', () => {
  assert.equal(frameText(frame('file:///srv/app/cart%20one.js')), 'checkout (/srv/app/cart one.js:41:9)');
  assert.equal(frameText(frame('', ''), new Map([['7', 'file:///srv/late.js']])), '(anonymous) (/srv/late.js:41:9)');
  assert.equal(frameText(frame('node:internal/timers')), 'checkout (node:internal/timers:41:9)');
  assert.equal(frameText(frame('', '')), '(anonymous) ((unknown):41:9)');
  assert.equal(frameText(frame('file://host/odd')), 'checkout (file://host/odd:41:9)');
});

test('where it blocks: the innermost frame that is not Node’s own', () => {
  const stack = ['spawnSync (node:internal/child_process:1:1)', 'checkout (/srv/cart.js:41:9)', 'main (/srv/main.js:1:1)'];
  assert.equal(placeOf({ stack }), stack[1]);
  assert.equal(placeOf({ stack: stack.slice(0, 1) }), stack[0]);
  assert.equal(hangText({ stack, silentMs: 60_123 }), 'blocked for 60.1 s at checkout (/srv/cart.js:41:9)');
  assert.equal(hangText({ stack: [], silentMs: 2_000, note: 'no stack: it runs no JavaScript' }), 'blocked for 2.0 s (no stack: it runs no JavaScript)');
  assert.equal(hangText({ stack: [], silentMs: 2_000 }), 'blocked for 2.0 s');
});

test('whatever stands in the file: bounded, plain text, or nothing', () => {
  for (const text of [undefined, '', '{', 'null', '[]', '{"stack":1}']) assert.equal(parseEvidence(text), undefined);
  assert.deepEqual(parseEvidence('{"stack":["a\\u001b[31m",7],"profile":8}'), { stack: ['a [31m'], note: undefined, profile: undefined });
  fc.assert(
    fc.property(fc.jsonValue(), fc.array(fc.string(), { maxLength: 50 }), (note, stack) => {
      const evidence = parseEvidence(JSON.stringify({ stack, note }));
      assert.ok(evidence !== undefined && evidence.stack.length <= 30);
      assert.ok(!/\p{Cc}/u.test(evidence.stack.join('') + (evidence.note ?? '')));
    }),
  );
});
