import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { shellWords } from '../../lib/cli/init/shell-words.js';

test('words are split at blanks, quotes keep them together, and an empty pair of quotes is a word', () => {
  assert.deepEqual(shellWords(' --a  "b c" d\'e f\'g \'\' h\\ i "j\\"k\\n" '), ['--a', 'b c', 'de fg', '', 'h i', 'j"k\\n']);
  assert.deepEqual(shellWords('  '), []);
});

test('an open quote and a lone backslash at the end are no words', () => {
  for (const text of ['a "b', "it's", 'a\\']) assert.equal(shellWords(text), undefined, text);
});

test('bash splits the same way', () => {
  const text = fc.array(fc.constantFrom('a', 'B', '-', ' ', "'", '"', '\\', '\n', '=', '/'), { maxLength: 12 }).map(pieces => pieces.join(''));
  const texts = fc.sample(text, { numRuns: 300, seed: 1 }).filter(sample => shellWords(sample) !== undefined && !/(^|[\s'"\\])\n/.test(sample));
  const script = texts.map(sample => `printf '%s\\0' ${sample.replaceAll(/\n/g, ' ')} END`).join('\n');
  const words = execFileSync('bash', ['--norc', '--noprofile'], { input: script, encoding: 'utf8' });
  assert.equal(words, texts.map(sample => [...(shellWords(sample.replaceAll('\n', ' ')) ?? []), 'END'].map(word => `${word}\0`).join('')).join(''));
});
