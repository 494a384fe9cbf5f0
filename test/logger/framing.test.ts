import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { Framer } from '../../lib/logger/framing.js';
import { segmentsOf } from '../../lib/logger/recorder.js';
import { formatJsonLine, formatLine, isFrom, type LogLine, parseLine } from '../../lib/protocol/log-line.js';
import { Joiner } from '../../lib/system/log-tail.js';

const TIME = '2026-11-21T14:06:32.123Z';
const framed = (chunks: readonly string[], isJson = false) => {
  const framer = new Framer({ source: 'app#3:4711', stream: 'out', isJson });
  return chunks.map(chunk => framer.frame(Buffer.from(chunk, 'utf8').toString('latin1'), TIME));
};
const textsOf = (chunks: readonly string[], isJson = false) =>
  new Joiner()
    .push(
      framed(chunks, isJson)
        .map(({ text }) => text)
        .join(''),
    )
    .map(({ text }) => text);

suite('framing', () => {
  test('a record is a line, and the indented ones below it', () => {
    const [{ text, lines, records } = { text: '', lines: 0, records: 0 }] = framed(['Error: no\n    at x\n\tat y\n']);
    assert.equal(text, `${TIME} app#3:4711 out | Error: no\n${TIME} app#3:4711 out :     at x\n${TIME} app#3:4711 out : \tat y\n`);
    assert.deepEqual([lines, records], [3, 1]);
  });

  test('lines of one read are one record, lines of two are two', () => {
    assert.equal(framed(['a\nb\n'])[0]?.records, 1);
    assert.equal(
      framed(['a\n', 'b\n']).reduce((sum, { records }) => sum + records, 0),
      2,
    );
  });

  test('what has no end yet is written at once, and joined again by who reads', () => {
    const [first, second] = framed(['half', ' whole\nnext\n']);
    assert.equal(first?.text, `${TIME} app#3:4711 out |+ half\n`);
    assert.equal(second?.text.split('\n')[0], `${TIME} app#3:4711 out :  whole`);
    assert.deepEqual(textsOf(['half', ' whole\nnext\n']), ['half whole', 'next']);
  });

  for (const isJson of [false, true]) {
    test(`whatever is written, in whatever pieces, comes back${isJson ? ', as JSON too' : ''}`, () => {
      const line = fc.string({ unit: 'grapheme', maxLength: 40 }).map(text => text.replaceAll(/[\n\r\ufffd]/g, '').replaceAll('\x1b', ''));
      fc.assert(
        fc.property(fc.array(line, { minLength: 1 }), fc.array(fc.integer({ min: 1, max: 30 })), (lines, cuts) => {
          const whole = Buffer.from(`${lines.join('\n')}\n`, 'utf8').toString('latin1');
          const chunks: string[] = [];
          let at = 0;
          for (const cut of [...cuts, whole.length]) {
            if (at < whole.length) chunks.push(whole.slice(at, at + cut));
            at += cut;
          }
          const framer = new Framer({ source: 's:1', stream: 'err', isJson });
          const text = chunks.map(chunk => framer.frame(chunk, TIME).text).join('');
          const back = new Joiner().push(text).map(entry => entry.text);
          if (isJson && chunks.length > 1)
            assert.equal(back.length, lines.length); // A cut inside a letter is lost in JSON.
          else assert.deepEqual(back, lines);
        }),
      );
    });
  }

  test('colours are for the terminal', () => {
    assert.deepEqual(textsOf(['\x1b[31mred\x1b[0m\n']), ['red']);
  });

  test('lines are parsed, and nonsense is not', () => {
    const sample: LogLine = { time: TIME, source: 'app#3:4711', stream: 'err', kind: 'same', text: 'a | b', isUnfinished: true };
    assert.deepEqual(parseLine(formatLine(sample)), sample);
    assert.deepEqual(parseLine(formatJsonLine(sample)), sample);
    for (const nonsense of ['', 'x', '{', '{}', 'null', '{"time":1}', `${TIME} app out`]) assert.equal(parseLine(nonsense), undefined, nonsense);
    fc.assert(fc.property(fc.string(), text => parseLine(text) === undefined || true));
  });

  test('a worker is meant by its id, its pid, or its role', () => {
    const sample = parseLine(`${TIME} app#3:4711 out | x`) as LogLine;
    for (const wanted of ['3', '#3', '4711', 'app']) assert.ok(isFrom(sample, wanted), wanted);
    for (const wanted of ['4', '#4711', 'agent', 'master', '']) assert.ok(!isFrom(sample, wanted), wanted);
    assert.ok(isFrom({ ...sample, source: 'agent#3:9' }, 'agent'));
    assert.ok(!isFrom({ ...sample, source: 'agent#3:9' }, '3'));
  });

  test('all files together never hold more records than asked for', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), records => {
        const { maxRecords, keep } = segmentsOf(records);
        return maxRecords * (keep + 1) <= records && maxRecords >= 1;
      }),
    );
  });
});
