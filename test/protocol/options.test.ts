import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { OPTIONS, validate } from '../../lib/protocol/options.generated.js';
import { durationMs, issuesError, nearestOption } from '../../lib/protocol/options.js';
import { explainOptions } from '../../lib/protocol/options.schema.js';
import { ROOT } from '../support/fixtures.js';

const names = OPTIONS.map(({ name }) => name);
const plausible = fc.oneof(
  fc.integer({ min: -5, max: 70_000 }),
  fc.constantFrom('4', 'abc', '', '30s', '1.5h', 'listening', 'process', '/tmp/x', '65536', '1024', '1025'),
  fc.boolean(),
  fc.constant(null),
  fc.array(fc.string(), { maxLength: 2 }),
  fc.double(),
);
const anyOptions = fc.dictionary(fc.constantFrom(...names, 'unknown'), fc.oneof(plausible, fc.jsonValue()));

test('the generated validator and the schema it comes from always agree', () => {
  fc.assert(
    fc.property(anyOptions, options => {
      assert.equal(validate(options), explainOptions(options).length === 0, JSON.stringify(options));
    }),
    { numRuns: 3_000 },
  );
});

test('every issue says what should be', () => {
  for (const { path, message } of explainOptions(Object.fromEntries(names.map(name => [name, Symbol.iterator])))) assert.match(message, /should/, path);
});

test('the published JSON Schema knows every option', () => {
  const schema = JSON.parse(readFileSync(join(ROOT, 'dist/options.schema.json'), 'utf8'));
  assert.deepEqual(Object.keys(schema.properties).toSorted(), names.toSorted());
});

test('a mistyped option is recognised, a foreign one is not', () => {
  assert.equal(nearestOption('wokers'), 'workers');
  assert.equal(nearestOption('pot'), 'port');
  assert.equal(nearestOption('basedir'), 'baseDir');
  assert.equal(nearestOption('database'), undefined);
});

test('durations have units', () => {
  assert.deepEqual(['500ms', '30s', '1.5m', '1h'].map(durationMs), [500, 30_000, 90_000, 3_600_000]);
});

test('one issue is a sentence, several are a list; what was typed decides the kind', () => {
  assert.equal(issuesError([{ kind: 'configuration', message: 'It is wrong.' }]).message, 'It is wrong.');
  const several = issuesError([
    { kind: 'configuration', message: 'a' },
    { kind: 'usage', message: 'b' },
  ]);
  assert.match(several.message, /2 things are wrong:\n {2}- a\n {2}- b/);
  assert.equal(several.kind, 'usage');
});
