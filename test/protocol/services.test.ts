import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { parse } from 'yaml';
import { isServicesFile } from '../../lib/protocol/services.generated.js';
import { explainServices } from '../../lib/protocol/services.schema.js';
import { ROOT } from '../support/fixtures.js';
import { EXAMPLE } from '../support/services-example.js';

const published = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true }).compile(
  JSON.parse(readFileSync(join(ROOT, 'dist/services.schema.json'), 'utf8')),
);

test('the published JSON Schema is one that ajv takes strictly, and knows the example', () => {
  assert.ok(published(parse(EXAMPLE)), JSON.stringify(published.errors));
});

test('each key of the example is checked: a wrong one is found by editors too', () => {
  const wrong = (...path: (string | number)[]) => {
    const config = parse(EXAMPLE);
    const parent = path.slice(0, -1).reduce((inner, key) => inner[key], config);
    parent[path.at(-1) ?? ''] = Symbol.iterator;
    return config;
  };
  const { services, sources } = parse(EXAMPLE);
  const paths = [
    ...Object.entries(services).flatMap(([name, entry]) => Object.keys(entry as object).map(key => ['services', name, key])),
    ...sources.flatMap((source: object, index: number) => Object.keys(source).map(key => ['sources', index, key])),
    ['stopTimeout'],
  ];
  for (const path of paths) {
    assert.ok(!published(wrong(...path)), path.join('.'));
    assert.ok(!isServicesFile(wrong(...path)), path.join('.'));
    assert.notDeepEqual(explainServices(wrong(...path)), [], path.join('.'));
  }
});

const plausible = fc.oneof(
  fc.constantFrom<unknown>('30s', 'none', 'auto', 'ready', 'x', '', 'SIGTERM', 'up', 'always', 5, 8_080, 70_000, true, null, [], ['x'], {}),
  fc.constantFrom<unknown>({ http: '/' }, { tcp: true }, { from: 1 }, { command: ['x'] }, { a: 'ready' }, { policy: 'never' }, { eureka: 'x', app: 'y' }),
  fc.jsonValue(),
);
const keys = ['exec', 'args', 'cluster', 'port', 'host', 'health', 'dependsOn', 'cwd', 'env', 'envFile', 'restart', 'stop', 'desired', 'logs', 'user', 'zzz'];
const entry = fc.dictionary(fc.constantFrom(...keys), plausible, { maxKeys: 3 });
const source = fc.dictionary(fc.constantFrom('manifests', 'profiles', 'exec', 'basePort', 'zzz'), plausible, { maxKeys: 3 });
const file = fc.record(
  {
    services: fc.oneof(fc.dictionary(fc.constantFrom('a', 'b.c', ' ', '-'), entry, { maxKeys: 2 }), plausible),
    sources: fc.oneof(fc.array(source, { maxLength: 2 }), plausible),
    stopTimeout: plausible,
    zzz: plausible,
  },
  { requiredKeys: [] },
);

test('the generated validator, the published schema and the one they come from always agree, and every issue says what should be', () => {
  fc.assert(
    fc.property(fc.oneof({ weight: 9, arbitrary: file }, { weight: 1, arbitrary: fc.jsonValue() }), value => {
      const issues = explainServices(value);
      assert.equal(isServicesFile(value), issues.length === 0, JSON.stringify(issues));
      assert.equal(published(value), issues.length === 0);
      for (const { message } of issues) assert.match(message, /should|unknown key/);
    }),
    { numRuns: 3_000 },
  );
});
