import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fill, literal, type PlaceholderValues, piecesOf, placeholderIssue } from '../../lib/protocol/placeholders.js';

const VALUES: PlaceholderValues = { port: 8_080, host: '127.0.0.1', home: '/srv', env: name => (name === 'TOKEN' ? 's3cret' : undefined) };
const dollarText = fc.oneof(fc.string(), fc.stringMatching(/^[${}a-z:]{0,12}$/), fc.constantFrom(`\${port}`, `$\${port}`, '$$', '$$$', `\${env:TOKEN}`));

test('literal() keeps any text as it is', () => {
  fc.assert(fc.property(dollarText, text => fill(literal(text), VALUES) === text));
  fc.assert(fc.property(dollarText, text => placeholderIssue(literal(text), false) === undefined));
});

test('a text without a dollar sign is itself', () => {
  fc.assert(
    fc.property(
      fc.string().filter(text => !text.includes('$')),
      text => fill(text, VALUES) === text && literal(text) === text,
    ),
  );
});

test('each placeholder has its value, wherever it stands', () => {
  fc.assert(
    fc.property(dollarText, dollarText, (before, after) => {
      assert.equal(fill(`${literal(before)}\${port}/\${host}\${home}-\${env:TOKEN}${literal(after)}`, VALUES), `${before}8080/127.0.0.1/srv-s3cret${after}`);
    }),
  );
});

test('what is put in is never looked at again', () => {
  fc.assert(fc.property(dollarText, value => fill(`\${env:X}`, { ...VALUES, env: () => value }) === value));
});

test('$$ is a dollar sign, and so is one that begins nothing', () => {
  for (const [text, filled] of [
    ['$$', '$'],
    ['$$$$', '$$'],
    ['$$$', '$$'],
    [`$\${port}`, `\${port}`],
    [`$$\${port}`, '$8080'],
    ['$5', '$5'],
    ['$', '$'],
    [`\${port`, `\${port`],
    ['$PATH', '$PATH'],
    [`\${a{b}`, `\${a{b}`],
  ] as const)
    assert.equal(fill(text, VALUES), filled, text);
});

test('an unknown name, one that is not set and a port there is not: a sentence each', () => {
  for (const [text, reason] of [
    [`\${prot}`, /\$\{prot\} is not known: there are \$\{port\}.*\$\$/],
    [`\${}`, /not known/],
    [`\${ port }`, /not known/],
    [`\${PORT}`, /not known/],
    [`\${env:}`, /not known/],
    [`\${env:NONE}`, /the environment variable NONE is not set/],
    [`\${constructor}`, /not known/],
  ] as const)
    assert.throws(() => fill(text, VALUES), reason, text);
  assert.throws(() => fill(`\${port}`, { ...VALUES, port: undefined }), /has no port/);
});

test('what can be told beforehand is: a variable may be set later', () => {
  assert.equal(placeholderIssue(`\${env:LATER} \${host} \${home}`, false), undefined);
  assert.match(placeholderIssue(`\${port}`, false) ?? '', /no port/);
  assert.equal(placeholderIssue(`\${port}`, true), undefined);
  assert.match(placeholderIssue(`\${x}`, true) ?? '', /not known/);
});

test('pieces: literals and names, in their order', () => {
  assert.deepEqual(piecesOf(`a\${port}$$b`), [{ text: 'a' }, { name: 'port' }, { text: '$' }, { text: 'b' }]);
  assert.deepEqual(piecesOf(''), []);
});
