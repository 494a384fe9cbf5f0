import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Labels } from '../../lib/logger/labels.js';

test('each line begins with the name of who wrote it, however it comes in pieces', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', '\n', 'ü', ' ') }), fc.array(fc.nat(20)), (text, cuts) => {
      const bytes = Buffer.from(text);
      const label = new Labels().of('web#2:4711');
      const places = [0, ...cuts.map(cut => Math.min(cut, bytes.length)).toSorted((a, b) => a - b), bytes.length];
      const pieces = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
      const shown = Buffer.concat(pieces.filter(piece => piece.length > 0).map(piece => label(piece))).toString();
      const lines = text.split('\n');
      const expected = lines.map((line, index) => (line === '' && index === lines.length - 1 ? '' : `web | ${line}`)).join('\n');
      assert.equal(shown, expected);
    }),
  );
});

test('names line up', () => {
  const labels = new Labels();
  const [web, database] = [labels.of('web#1:1'), labels.of('database#1:2')];
  assert.equal(`${web(Buffer.from('a\n'))}${database(Buffer.from('b\n'))}`, 'web      | a\ndatabase | b\n');
});
