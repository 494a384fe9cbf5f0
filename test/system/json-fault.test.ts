import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseJson } from '../../lib/system/json-fault.js';

const faultOf = (text: string): string => {
  try {
    parseJson(text);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
};
const place = (text: string) => /^\d+:\d+(?=: [^"]+$)/.exec(faultOf(text))?.[0];

test('what is JSON is what the engine says it is', () => {
  fc.assert(
    fc.property(fc.json(), fc.constantFrom(undefined, 2, '\t'), (json, space) => {
      const text = JSON.stringify(JSON.parse(json), null, space);
      assert.deepEqual(parseJson(text), JSON.parse(text));
    }),
  );
});

test('the place of the first thing that does not belong there', () => {
  for (const [text, expected] of [
    ['', '1:1'],
    ['x', '1:1'],
    ['{"a": x}', '1:7'],
    ['{"a": 1,}', '1:9'],
    ['[1,\n 2,\n]', '3:1'],
    ['[1 2]', '1:4'],
    ['{a: 1}', '1:2'],
    ['{"a" 1}', '1:6'],
    ['{"a": "open\n}', '1:7'],
    ['{"a": "\\x"}', '1:7'],
    ['{"a": 01}', '1:8'],
    ['{} {}', '1:4'],
    ["{'a': 1}", '1:2'],
    ['{"a": 1\n', '2:1'],
    ['// no\n{}', '1:1'],
  ] as const)
    assert.equal(place(text), expected, `${text} ${faultOf(text)}`);
});

test('whatever is cut off or put in, there is a place within the text', () => {
  fc.assert(
    fc.property(fc.json(), fc.nat(), fc.constantFrom('', 'x', '"', ',', '}', '\n'), (json, at, more) => {
      const text = json.slice(0, at % (json.length + 1)) + more;
      const fault = faultOf(text);
      if (fault === '') return;
      const [line = 0, column = 0] = fault.split(':').map(Number);
      const found = text.split('\n')[line - 1];
      assert.ok(found !== undefined && column >= 1 && column <= found.length + 1, fault);
    }),
  );
});

test('nothing of the text is repeated but the one character', () => {
  assert.doesNotMatch(faultOf('{\n  "token": "hunter2",\n  "x": y, "other": "hunter2hunter2hunter2hunter2hunter2"\n}'), /hunter2|"/);
});
