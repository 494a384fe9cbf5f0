import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { commentedConfig } from '../../lib/cli/init/commented-config.js';
import { NOT_IN_A_FILE } from '../../lib/cli/init/option-examples.js';
import { readConfig } from '../../lib/master/config-file.js';
import { OPTIONS } from '../../lib/protocol/options.generated.js';
import { type ClusterOptions, isOptionName } from '../../lib/protocol/options.js';
import { optionIssues } from '../../lib/system/option-issues.js';
import { emptyFolder } from '../support/fixtures.js';

const FORMATS = ['js', 'json', 'yaml'] as const;
const COMMENTED = [
  { format: 'js', pattern: /^( {2})\/\/ ((\w+): .*,)$/ },
  { format: 'yaml', pattern: /^()# ((\w+): .*)$/ },
] as const;
const WANTED = OPTIONS.filter(({ name, deprecated }) => !deprecated && !NOT_IN_A_FILE.has(name)).map(({ name }) => name);
const LONG_ENVIRONMENT = Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`A_LONG_VARIABLE_${index}`, `it's "value" ${index}`]));
const GIVEN: Partial<ClusterOptions> = {
  entry: "it's\\here.js",
  workers: 3,
  port: '0',
  agent: false,
  stopTimeout: '1.5s',
  setEnv: { ...LONG_ENVIRONMENT, 'with-dash': 'no', EMPTY: '', NUMBER: '007' },
  nodeOption: ['--a=1', "--b='x'"],
  https: { key: 'k.pem', cert: 'c.pem', passphrase: '# not a comment // nor this' },
};

async function load(text: string, format: string): Promise<Readonly<Record<string, unknown>>> {
  using folder = emptyFolder();
  writeFileSync(join(folder.path, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(folder.path, `app-cluster.config.${format}`), text);
  const { options, issues } = await readConfig(folder.path, undefined);
  assert.deepEqual(issues, [], text);
  assert.deepEqual(optionIssues(options), [], text);
  return options;
}

/** Names of the options that stand in it as comments. */
function commented(text: string, pattern: RegExp): string[] {
  return text
    .split('\n')
    .flatMap(line => pattern.exec(line)?.[3] ?? [])
    .filter(isOptionName);
}

function uncomment(text: string, pattern: RegExp, isWanted: (name: string) => boolean): string {
  const lines = text.split('\n').map(line => {
    const [, indent = '', code = '', name = ''] = pattern.exec(line) ?? [];
    return isOptionName(name) && isWanted(name) ? `${indent}${code}` : line;
  });
  return lines.join('\n');
}

for (const format of FORMATS) {
  test(`${format}: the reader of configuration files finds the given options, nothing else and no issue`, async () => {
    assert.deepEqual({ ...(await load(commentedConfig(GIVEN, { format }), format)) }, GIVEN);
    assert.deepEqual({ ...(await load(commentedConfig({}, { format }), format)) }, {});
  });
}

for (const { format, pattern } of COMMENTED) {
  test(`${format}: every option that can stand in a file does, set or as a comment; give new ones an example in option-examples.ts`, () => {
    assert.deepEqual(commented(commentedConfig({}, { format }), pattern).toSorted(), WANTED.toSorted());
    const left = commented(commentedConfig(GIVEN, { format }), pattern);
    assert.deepEqual(left.toSorted(), WANTED.filter(name => !(name in GIVEN)).toSorted());
  });

  test(`${format}: each example is valid without its comment, alone and all together`, async () => {
    const text = commentedConfig({}, { format });
    for (const name of WANTED)
      assert.deepEqual(
        Object.keys(
          await load(
            uncomment(text, pattern, candidate => candidate === name),
            format,
          ),
        ),
        [name],
      );
    assert.deepEqual(
      Object.keys(
        await load(
          uncomment(text, pattern, () => true),
          format,
        ),
      ).toSorted(),
      WANTED.toSorted(),
    );
  });

  test(`${format}: every option has its description above it`, () => {
    const text = commentedConfig(GIVEN, { format });
    for (const { description } of OPTIONS.filter(({ name }) => WANTED.includes(name)))
      assert.ok(text.includes(`${format === 'js' ? '//' : '#'} ${description}\n`), description);
  });
}

test('whatever text an option has, all formats read it back', async () => {
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string(), fc.constantFrom('no', '~', '.5', '0x1', '- a', 'a: b', '<<', '\u2028', '\\"', "\\'"));
  const options = fc.record({ title: fc.constant('t'), args: fc.array(text), setEnv: fc.dictionary(text, text).map(value => ({ ...value })) });
  const property = fc.asyncProperty(options, fc.constantFrom(...FORMATS), async (given, format) => {
    const { args, setEnv } = (await load(commentedConfig(given, { format }), format)) as typeof given;
    assert.deepEqual({ args, setEnv: Object.entries(setEnv) }, { args: given.args, setEnv: Object.entries(given.setEnv) });
  });
  await fc.assert(property, { numRuns: 200 });
});

test('a given option that has no place of its own is kept, under its own heading', async () => {
  const text = commentedConfig({ ownProcess: false, key: 'k.pem' }, { format: 'yaml' });
  assert.match(text, /--- Further options ---\n[\s\S]*ownProcess: false\n[\s\S]*key: k\.pem\n$/);
});

test('what no file can hold is refused with the reason', () => {
  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  assert.throws(() => commentedConfig({ plugins: circle }, { format: 'js' }), {
    code: 'ERR_INVALID_OPTIONS',
    message: /cannot be written to a file: .*plain data/,
  });
});
