import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import * as yaml from 'yaml';
import { isClusterError } from '../../lib/errors.js';
import { type ConfigChange, edited, type Format, readConfig, valueAt, writeConfig } from '../../lib/system/config-edit.js';
import { emptyFolder } from '../support/fixtures.js';

const PORT = 'platforms.api_server.extra.port';
const HOST = 'platforms.api_server.extra.host';
const change = (port: number, staleKeys: readonly string[] = []): ConfigChange => ({ values: { [PORT]: port }, staleKeys });
const edit = (text: string, what: ConfigChange, format: Format = 'yaml') => edited(text, format, what, yaml);
const says = (text: string, format: Format = 'yaml'): unknown => (format === 'json' ? JSON.parse(text) : yaml.parse(text, { merge: true }));

const CONFIG = `# The gateway
port: 1 # old
model:   'x'   # three blanks

platforms:
    api_server:   # four blanks deep
        extra:
            # what it listens on
            port: 8642    # taken
            token:  "a: b"
        cors: [ "*",
                'x' ]


# the end
last: |
  text

host: 0.0.0.0
`;

suite('one value in a YAML file', () => {
  test('nothing else changes, not even a blank', () => {
    assert.equal(edit(CONFIG, change(9_000)), CONFIG.replace('8642', '9000'));
  });

  test('stale keys go with their line; what stands around them stays', () => {
    const expected = CONFIG.replace('8642', '9000').replace('port: 1 # old\n', '').replace('host: 0.0.0.0\n', '');
    assert.equal(edit(CONFIG, change(9_000, ['port', 'host'])), expected);
  });

  test('a stale key that is the key itself, or above it, or holds a mapping, stays', () => {
    const both = { values: { 'server.port': 2, port: 3 }, staleKeys: ['port', 'server', 'host', 'none'] };
    assert.equal(edit('server:\n  port: 1\nport: 1\nhost: {a: 1}\n', both), 'server:\n  port: 2\nport: 3\nhost: {a: 1}\n');
  });

  for (const [title, before, after] of [
    ['an empty file', '', 'a:\n  port: 5\n'],
    ['a file of comments', '# c', '# c\na:\n  port: 5\n'],
    ['a document marker', '---\n', '---\na:\n  port: 5\n'],
    ['no end of the last line', 'b: 1', 'b: 1\na:\n  port: 5\n'],
    ['a missing key', 'a:\n  x: 1\n  # of x\nb: 1\n', 'a:\n  x: 1\n  port: 5\n  # of x\nb: 1\n'],
    ['after a list', 'a:\n  x:\n  - 1\n  - y: 2 # two\nb: 1\n', 'a:\n  x:\n  - 1\n  - y: 2 # two\n  port: 5\nb: 1\n'],
    ['after a block of text', 'a:\n  x: |\n    one\n\n    two\nb: 1\n', 'a:\n  x: |\n    one\n\n    two\n  port: 5\nb: 1\n'],
    ['a parent that is empty', 'b:\n   c: 1\na: # here\nd: 1\n', 'b:\n   c: 1\na: # here\n   port: 5\nd: 1\n'],
    ['a parent that is null', 'a: ~ # here\nb: 1\n', 'a:  # here\n  port: 5\nb: 1\n'],
    ['a key without a value', 'a:\n  port: # none\n', 'a:\n  port: 5 # none\n'],
    ['null', 'a: {port: null}\n', 'a: {port: 5}\n'],
    ['braces', 'a: {x: 1,  y: 2} # c\n', 'a: {x: 1,  y: 2, "port": 5} # c\n'],
    ['empty braces', 'a: {}\n', 'a: {"port": 5}\n'],
    ['braces over lines', 'a: {\n  x: 1,\n  y: 2\n}\n', 'a: {\n  x: 1,\n  y: 2,\n  "port": 5\n}\n'],
    ['an alias as value', 'p: &p 1\na:\n  port: *p\n', 'p: &p 1\na:\n  port: 5\n'],
    ['a merged value', 'b: &b\n  port: 1\na:\n  <<: *b\n', 'b: &b\n  port: 1\na:\n  <<: *b\n  port: 5\n'],
    ['carriage returns', 'a:\r\n  x: 1\r\n', 'a:\r\n  x: 1\r\n  port: 5\r\n'],
    ['a byte order mark', '\uFEFFa:\n  port: 1\n', '\uFEFFa:\n  port: 5\n'],
    ['the end marker', 'a:\n  x: 1\n...\n', 'a:\n  x: 1\n  port: 5\n...\n'],
    ['the same as text', 'a:\n  port: "5"\n', 'a:\n  port: "5"\n'],
  ] as const) {
    test(`${title}`, () => {
      const what = { values: { 'a.port': 5 }, staleKeys: [] };
      assert.equal(edit(before, what), after);
      assert.equal(edit(after, what), after);
    });
  }

  test('unusual ways to write it are rewritten, and say the same', () => {
    for (const before of ['? a\n: ? port\n  : 1 # c\n# d\n', '&x a: &y\n  &z x: 1 # c\n# d\n', '!!map\na: !!map # c\n  !!str x: 1\n# d\n']) {
      const after = edit(before, { values: { 'a.port': 5 }, staleKeys: [] });
      assert.equal(valueAt(says(after), 'a.port'), 5, after);
      assert.match(after, /# c[\s\S]*# d/);
    }
  });

  test('a host keeps the quotes it had', () => {
    const hosted = (text: string, host: string) => edit(text, { values: { host }, staleKeys: [] });
    assert.equal(hosted('host: "a" # c\n', '::1'), 'host: "::1" # c\n');
    assert.equal(hosted("host: 'a'\n", "it's"), "host: 'it''s'\n");
    assert.equal(hosted('host: a\n', '127.0.0.1'), 'host: 127.0.0.1\n');
    assert.equal(hosted('host: a\n', 'yes: no'), 'host: "yes: no"\n');
    assert.equal(hosted('{host: a}\n', '::1'), '{host: ::1}\n');
  });

  test('what cannot be changed alone is refused', () => {
    const refused: readonly (readonly [string, RegExp])[] = [
      ['a: &x\n  port: 1\nb: *x\n', /anchor/],
      ['b: &x\n  port: 1\na: *x\n', /anchor/],
      ['a: 1\n', /single value/],
      ['a: [1]\n', /no item port/],
      ['- 1\n', /no item a/],
      ['text', /single value/],
      ['a:\n  port: {x: 1}\n', /right key/],
      ['a:\n  port: [1]\n', /right key/],
      ['a: [\n', /./],
      ['a: 1\na: 2\n', /unique/],
      ['a: *none\n', /Unresolved alias/],
      ['a: 1\n---\nb: 1\n', /multiple documents/],
    ];
    for (const [text, reason] of refused) assert.throws(() => edit(text, { values: { 'a.port': 5 }, staleKeys: [] }), reason, text);
  });

  test('keys of every object are no keys', () => {
    assert.equal(valueAt({}, 'constructor.name'), undefined);
    assert.equal(valueAt([], 'length'), undefined);
    assert.equal(valueAt({ a: [{ b: 1 }] }, 'a.0.b'), 1);
    assert.equal(edit('a: 1\n', { values: { '__proto__.x': 1 }, staleKeys: [] }), 'a: 1\n__proto__:\n  x: 1\n');
  });
});

suite('one value in a JSON file', () => {
  for (const [title, before, after] of [
    [
      'a value',
      '{\n\t"a": {"port": 1, "big": 12345678901234567890},\n\t"x": [1,2]\n}\n',
      '{\n\t"a": {"port": 5, "big": 12345678901234567890},\n\t"x": [1,2]\n}\n',
    ],
    ['a missing key', '{\n   "a": {\n      "x": 1\n   }\n}', '{\n   "a": {\n      "x": 1,\n      "port": 5\n   }\n}'],
    ['missing parents', '{\n  "x": 1\n}\n', '{\n  "x": 1,\n  "a": {\n    "port": 5\n  }\n}\n'],
    ['nothing yet', '{}\n', '{\n  "a": {\n    "port": 5\n  }\n}\n'],
    ['one line', '{"x":1}', '{"x":1,"a":{"port":5}}'],
    ['one line with blanks', '{"x": 1}', '{"x": 1, "a": {"port": 5}}'],
    ['null', '{\n  "a": null\n}\n', '{\n  "a": {\n    "port": 5\n  }\n}\n'],
    ['carriage returns', '{\r\n  "a": {}\r\n}\r\n', '{\r\n  "a": {\r\n    "port": 5\r\n  }\r\n}\r\n'],
    ['what is no YAML', '{\n\t"a": {\n\t\t"port": 1,\n\t\t"x": "\\ud800"\n\t}\n}\n', '{\n\t"a": {\n\t\t"port": 5,\n\t\t"x": "\\ud800"\n\t}\n}\n'],
  ] as const) {
    test(title, () => {
      const what = { values: { 'a.port': 5 }, staleKeys: [] };
      assert.equal(edit(before, what, 'json'), after);
      assert.equal(edit(after, what, 'json'), after);
    });
  }

  test('stale keys: the first, one between, the last, the only one', () => {
    const what = { values: {}, staleKeys: ['port'] };
    for (const [before, after] of [
      ['{"port": 1, "x": 2}', '{"x": 2}'],
      ['{"x": 2, "port": 1, "y": 3}', '{"x": 2, "y": 3}'],
      ['{\n  "x": 2,\n  "port": 1\n}\n', '{\n  "x": 2\n}\n'],
      ['{"port": 1}', '{}'],
    ] as const)
      assert.equal(edit(before, what, 'json'), after);
  });
});

/** A text of some style, and the lines of it that say something else than what is changed. */
const key = fc.constantFrom('alpha', 'be_ta', '"quoted key"', "'q'", 'delta-1', '42');
const value = fc.constantFrom(
  '1',
  'text',
  '"a # b"',
  "'it''s'",
  '[1, two]',
  '{x: 1, "y": [z]}',
  '~',
  'true',
  '1.50',
  '0x1F',
  '',
  '>-\n@@folded\n\n@@text',
  '|\n@@- block',
);
const comment = fc.constantFrom('', '', ' # note', '   #note: x');
const blank = fc.constantFrom('', '', '\n', '\n\n', '# own line\n', '  # deep: line\n');
interface Entry {
  readonly key: string;
  readonly text: (indent: string) => string;
}
const leaf: fc.Arbitrary<Entry> = fc.tuple(key, value, comment, blank).map(([name, written, note, before]) => ({
  key: name,
  text: indent =>
    written.includes('\n')
      ? `${before}${indent}${name}: ${written.replaceAll('@@', `${indent}  `)}\n`
      : `${before}${indent}${name}:${written && ` ${written}`}${note}\n`,
}));
const mapping = (inner: fc.Arbitrary<Entry>) => fc.uniqueArray(inner, { selector: entry => entry.key.replaceAll(/["']/g, ''), maxLength: 4 });
const written = (name: string, entries: readonly Entry[], unit: string): Entry => ({
  key: name,
  text: indent => `${indent}${name}:\n${entries.map(entry => entry.text(indent + unit)).join('')}`,
});
const own = (port: fc.Arbitrary<string>): fc.Arbitrary<Entry> => port.map(text => ({ key: 'port', text: indent => `${indent}port: ${text} # PORT\n` }));
const yamlText = fc
  .record({
    unit: fc.constantFrom('  ', '    ', ' '),
    outer: mapping(leaf),
    middle: mapping(leaf),
    inner: mapping(leaf),
    port: fc.option(own(fc.constantFrom('1', '"8642"', 'nonsense', '99999'))),
    depth: fc.integer({ min: 0, max: 3 }),
    stale: fc.subarray(['port', 'host']),
    staleFirst: fc.boolean(),
    eol: fc.constantFrom('\n', '\r\n'),
    tail: fc.constantFrom('', '# the end\n', '\n\n'),
  })
  .map(({ unit, outer, middle, inner, port, depth, stale, staleFirst, eol, tail }) => {
    const level3 = written('extra', [...inner, ...(port === null ? [] : [port])], unit);
    const level2 = written('api_server', [...middle, ...(depth >= 3 ? [level3] : [])], unit);
    const level1 = written('platforms', depth >= 2 ? [level2] : middle, unit);
    const old = stale.map((name): Entry => ({ key: name, text: () => `${name}: 80 # STALE\n` }));
    const rest = [...outer, ...(depth >= 1 ? [level1] : [])];
    const text = (staleFirst ? [...old, ...rest] : [...rest, ...old]).map(entry => entry.text('')).join('') + tail;
    return text.replaceAll('\n', eol);
  });

const port = fc.integer({ min: 1, max: 65_535 });
const host = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain());

suite('whatever the file looks like', () => {
  test('every other line survives as it was and in its order, comments and blanks too', () => {
    fc.assert(
      fc.property(yamlText, port, host, (text, newPort, newHost) => {
        const after = edit(text, { values: { [PORT]: newPort, [HOST]: newHost }, staleKeys: ['port', 'host'] });
        const kept = text.split('\n').filter(line => !/# (PORT|STALE)/.test(line));
        let lines = after.split('\n');
        for (const line of kept) {
          const at = lines.findIndex(candidate => candidate === line || candidate.trimEnd() === line.replace(/ ~/, ' ').trimEnd());
          assert.ok(at >= 0, `lost: ${JSON.stringify(line)} in\n${after}`);
          lines = lines.slice(at + 1);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test('what is read afterwards is what was written, and everything else is what it was', () => {
    fc.assert(
      fc.property(yamlText, port, host, (text, newPort, newHost) => {
        const after = says(edit(text, { values: { [PORT]: newPort, [HOST]: newHost }, staleKeys: ['port', 'host'] }));
        assert.equal(String(valueAt(after, PORT)), String(newPort));
        assert.equal(valueAt(after, HOST), newHost);
        assert.deepEqual(others(after), others(says(text)) ?? {});
      }),
      { numRuns: 1_000 },
    );
  });

  test('a second time changes nothing', () => {
    fc.assert(
      fc.property(yamlText, port, host, (text, newPort, newHost) => {
        const what = { values: { [PORT]: newPort, [HOST]: newHost }, staleKeys: ['port', 'host'] };
        const once = edit(text, what);
        assert.equal(edit(once, what), once);
      }),
      { numRuns: 500 },
    );
  });

  test('JSON of any content and indentation', () => {
    const config = fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 4 });
    const indent = fc.constantFrom(undefined, 1, 2, 4, '\t');
    fc.assert(
      fc.property(config, config, indent, fc.constantFrom('', '\n'), port, (outer, inner, space, end, newPort) => {
        const before = { ...outer, platforms: { ...inner, api_server: null }, port: 1 };
        const text = JSON.stringify(before, null, space) + end;
        const after = edit(text, change(newPort, ['port']), 'json');
        const { port: _, ...rest } = before;
        const expected = { ...rest, platforms: { ...before.platforms, api_server: { extra: { port: newPort } } } };
        assert.equal(after, JSON.stringify(expected, null, space) + end);
        assert.equal(edit(after, change(newPort, ['port']), 'json'), after);
      }),
      { numRuns: 500 },
    );
  });
});

/** Without what is changed; parents that were made, or were empty, are no difference. */
function others(config: unknown, depth = 0): unknown {
  if (typeof config !== 'object' || config === null) return config;
  const parent = ['platforms', 'api_server', 'extra'][depth] ?? '';
  const changed = depth === 0 || depth === 3 ? ['port', 'host'] : [];
  return Object.fromEntries(
    Object.entries(config)
      .filter(([name]) => !changed.includes(name))
      .map(([name, inner]): [string, unknown] => [name, name === parent ? others(inner, depth + 1) : inner])
      .filter(([name, inner]) => name !== parent || Object.keys(inner ?? {}).length > 0),
  );
}

suite('the file itself', () => {
  test('it is written whole: mode and link stay, nothing is left beside it', async () => {
    using folder = emptyFolder();
    const [real, link] = [join(folder.path, 'real.yaml'), join(folder.path, 'config.yaml')];
    writeFileSync(real, CONFIG);
    chmodSync(real, 0o640);
    symlinkSync('real.yaml', link);
    assert.equal(await writeConfig(link, change(9_000)), true);
    assert.equal(readlinkSync(link), 'real.yaml');
    assert.equal(statSync(real).mode & 0o777, 0o640);
    assert.equal(readFileSync(real, 'utf8'), CONFIG.replace('8642', '9000'));
    assert.deepEqual(readdirSync(folder.path).toSorted(), ['config.yaml', 'real.yaml']);
    const { ino } = statSync(real);
    assert.equal(await writeConfig(link, change(9_000)), false);
    assert.equal(statSync(real).ino, ino);
  });

  test('one that is missing is made', async () => {
    using folder = emptyFolder();
    for (const [name, text] of [
      ['config.yaml', 'port: 5\n'],
      ['config.json', '{\n  "port": 5\n}\n'],
    ] as const) {
      assert.equal(await writeConfig(join(folder.path, name), { values: { port: 5 }, staleKeys: [] }), true);
      assert.equal(readFileSync(join(folder.path, name), 'utf8'), text);
    }
  });

  test('one that cannot be parsed or written is an error that names it, and stays what it was', async () => {
    using folder = emptyFolder();
    const [broken, directory, missing] = ['broken.json', 'folder.yaml', 'none/config.yaml'].map(name => join(folder.path, name)) as [string, string, string];
    writeFileSync(broken, '{"port": 1,}');
    mkdirSync(directory);
    for (const [file, kind] of [
      [broken, 'configuration'],
      [directory, 'environment'],
      [missing, 'environment'],
    ] as const)
      await assert.rejects(writeConfig(file, { values: { port: 5 }, staleKeys: [] }), error => {
        assert.ok(isClusterError(error));
        assert.deepEqual([error.code, error.kind, error.details], ['ERR_INVALID_CONFIG', kind, { file }]);
        return true;
      });
    assert.equal(readFileSync(broken, 'utf8'), '{"port": 1,}');
    assert.deepEqual(readdirSync(folder.path).toSorted(), ['broken.json', 'folder.yaml']);
  });

  test('reading never fails: it says what is wrong', async () => {
    using folder = emptyFolder();
    const file = (name: string, text: string) => {
      writeFileSync(join(folder.path, name), text);
      return join(folder.path, name);
    };
    assert.deepEqual(await readConfig(file('a.yaml', 'a: {b: 1}\n')), { config: { a: { b: 1 } } });
    assert.deepEqual(await readConfig(file('a.json', '\uFEFF{"a": 1}')), { config: { a: 1 } });
    assert.deepEqual(await readConfig(file('empty.yaml', '')), { config: null });
    for (const broken of [file('b.yaml', 'a: [\n'), file('c.yaml', 'a: *x\n'), file('b.json', ''), join(folder.path, 'none.yaml'), folder.path])
      assert.ok('problem' in (await readConfig(broken)), broken);
  });
});
