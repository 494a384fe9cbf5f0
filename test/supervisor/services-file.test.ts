import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite, test } from 'node:test';
import { parse } from 'yaml';
import { isClusterError } from '../../lib/errors.js';
import { findServicesFile, readServicesFile, readServicesObject } from '../../lib/supervisor/config/services-file.js';
import { runsTypeScript } from '../../lib/system/environment.js';
import { emptyFolder } from '../support/fixtures.js';
import { EXAMPLE } from '../support/services-example.js';

function folderWith(files: Readonly<Record<string, string>>) {
  const folder = emptyFolder();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder.path, path)), { recursive: true });
    writeFileSync(join(folder.path, path), text);
  }
  return folder;
}

/** What is wrong with a file, each as `LINE:COLUMN: …`, or without a line as `: …`. */
async function issuesOf(text: string, name = 'app-cluster.services.yaml', more: Readonly<Record<string, string>> = {}): Promise<string[]> {
  using folder = folderWith({ ...more, [name]: text });
  const file = join(folder.path, name);
  try {
    await readServicesFile(file);
    return [];
  } catch (error) {
    assert.ok(isClusterError(error), String(error));
    assert.equal(error.code, 'ERR_INVALID_CONFIG');
    const lines = error.message.includes('\n') ? error.message.split('\n  - ').slice(1) : [error.message];
    for (const line of lines) assert.ok(line.startsWith(file), line);
    return lines.map(line => line.slice(file.length).replace(/^:(?=\d)/, '')).map(line => line.replaceAll(folder.path, '.'));
  }
}

const MANIFEST = '{"service_id": "billing", "exec": "./serve", "health_check": "http://127.0.0.1:8080/"}';

suite('the file', () => {
  const value = { services: { web: { exec: './serve.js', args: ['$$', `\${port}`], port: 'auto', dependsOn: { db: 'ready' } }, db: { exec: 'postgres' } } };
  const names = ['web', 'db'];

  for (const [name, text] of [
    ['app-cluster.services.json', `\uFEFF${JSON.stringify(value)}`],
    ['app-cluster.services.yaml', JSON.stringify(value, null, 2)],
    ['app-cluster.services.yml', JSON.stringify(value)],
    ['app-cluster.services.mjs', `export default ${JSON.stringify(value)};`],
    ['app-cluster.services.js', `module.exports = ${JSON.stringify(value)};`],
    ['named.mjs', `export const services = ${JSON.stringify(value.services)};`],
    ['function.mjs', `export default async () => (${JSON.stringify(value)});`],
  ] as const) {
    test(`is read whatever its form: ${name}`, async () => {
      using folder = folderWith({ [name]: text });
      const config = await readServicesFile(join(folder.path, name));
      assert.deepEqual(
        config.services.map(spec => spec.name),
        names,
      );
      assert.equal(config.services[0]?.run.kind === 'program' && config.services[0].run.exec, join(folder.path, 'serve.js'));
      assert.deepEqual([config.folder, config.invalid, config.warnings, config.stopMs], [folder.path, [], [], 30_000]);
    });
  }

  test('may be TypeScript where Node reads it, and elsewhere says what is needed', async () => {
    const text = `export default { services: { a: { exec: 'x' } } } satisfies object;`;
    assert.deepEqual(
      (await issuesOf(text, 'app-cluster.services.ts')).map(issue => /22\.18/.test(issue)),
      runsTypeScript() ? [] : [true],
    );
  });

  test('is found by its name in a folder, or named', () => {
    using folder = folderWith({ 'app-cluster.services.json': '{}', 'other.yaml': '', 'empty/x': '' });
    const found = join(folder.path, 'app-cluster.services.json');
    for (const [named, cwd] of [
      [undefined, folder.path],
      ['.', folder.path],
      [folder.path, '/'],
      ['app-cluster.services.json', folder.path],
    ] as const)
      assert.equal(findServicesFile(named, cwd), found);
    assert.equal(findServicesFile('other.yaml', folder.path), join(folder.path, 'other.yaml'));
    for (const missing of ['none', 'empty']) assert.throws(() => findServicesFile(missing, folder.path), { code: 'ERR_INVALID_OPTIONS' });
  });

  test('the example has everything, and every path and default is filled in', async () => {
    using folder = folderWith({
      'app-cluster.services.yaml': EXAMPLE,
      'services/billing/manifest.json': MANIFEST,
      'services/broken/manifest.json': '{',
      'gateways/config.yaml': 'port: 8700\n',
    });
    const config = await readServicesFile(join(folder.path, 'app-cluster.services.yaml'));
    assert.deepEqual(
      config.services.map(({ name }) => name),
      [...Object.keys(parse(EXAMPLE).services), 'billing', 'default'],
    );
    assert.deepEqual(
      config.invalid.map(({ name }) => name),
      ['broken'],
    );
    assert.deepEqual([config.active, config.stopMs, config.warnings], ['default', 45_000, []]);
    const api = config.services.find(({ name }) => name === 'api');
    assert.equal(api?.source, `${config.file}:${EXAMPLE.split('\n').findIndex(line => line.startsWith('  api:')) + 1}:3`);
    assert.deepEqual([api?.cwd, api?.envFiles], [join(folder.path, 'api'), [join(folder.path, '.env')]]);
    assert.deepEqual(api?.port, { from: 9_000, to: 9_010, isFixed: false });
    assert.deepEqual(api?.health, { kind: 'http', target: '/health', intervalMs: 2_000, timeoutMs: 1_000, startTimeoutMs: 20_000, failures: 2 });
    assert.deepEqual(api?.stop, { command: ['./drain.sh', `\${port}`], signal: 'SIGINT', timeoutMs: 5_000 });
    assert.deepEqual(api?.restart, { when: 'always', maxFailures: 5, firstMs: 500, longestMs: 60_000 });
    const web = config.services.find(({ name }) => name === 'web');
    assert.deepEqual([web?.run.kind, web?.health.kind], ['cluster', 'control']);
  });
});

suite('what is wrong is said all at once, each with its place', () => {
  for (const [title, text, ...issues] of [
    ['an unknown key', 'services:\n  web:\n    exce: x\n', '3:5: services.web.exce: unknown key "exce": did you mean "exec"?'],
    [
      'an unknown key far from any',
      'services:\n  web:\n    exec: x\n    restart: {zzz: 1}\n',
      '4:15: services.web.restart.zzz: unknown key "zzz"; there are policy, maxFailures, delays',
    ],
    [
      'of a service with a dot in its name',
      'services:\n  my.web: {exec: x, prot: 1}\n',
      '2:21: services.my.web.prot: unknown key "prot": did you mean "port"?',
    ],
    [
      'deep inside',
      'services:\n  a: {exec: x, restart: {delays: {frist: 1s}}}\n',
      '2:35: services.a.restart.delays.frist: unknown key "frist": did you mean "first"?',
    ],
    ['in a range', 'services:\n  a:\n    exec: x\n    port: {from: 1, too: 2}\n', '4:21: services.a.port.too: unknown key "too": did you mean "to"?'],
    ['at the top', 'service: {}\n', '1:1: service: unknown key "service": did you mean "services"?'],
    ['in health', 'services:\n  a: {exec: x, health: {htp: /x}}\n', '2:25: services.a.health.htp: unknown key "htp": did you mean "http"?'],
    [
      'wrong types',
      'services:\n  a:\n    exec: 5\n    args: [x, 1]\n    port: 99999\n    logs: "no"\n    health: {http: /x, failures: often}\n',
      '3:11: services.a.exec: should be a text, got 5',
      '4:15: services.a.args.1: should be a text, got 1',
      '5:11: services.a.port: should be a port from 1 to 65535, got 99999',
      '6:11: services.a.logs: should be true or false, got "no"',
      '7:34: services.a.health.failures: should be a whole number from 1 to 1000, got "often"',
    ],
    ['a list for a mapping', 'services:\n  a:\n    exec: x\n    dependsOn: [b]\n', '4:5: services.a.dependsOn: should be an object, got a list'],
    ['nothing for a mapping', 'services:\n  a:\n', '2:5: services.a: should be an object, got null'],
    ['a list for everything', '- a\n', '1:1: should be an object, got a list'],
    ['a number without a unit', 'stopTimeout: 5\n', '1:14: stopTimeout: should be a number with a unit: ms, s, m or h (30s), got 5'],
    ['neither exec nor cluster', 'services:\n  a: {}\n', '2:3: services.a: needs exec (a program) or cluster (options of start)'],
    [
      'unknown options of a cluster, and wrong ones',
      'services:\n  a:\n    cluster:\n      wokers: 2\n      workers: many\n',
      '4:7: services.a.cluster.wokers: unknown option "wokers" of start: did you mean "workers"?',
      '5:16: services.a.cluster.workers: should be a whole number from 1 to 1024',
    ],
    [
      'an unknown dependency',
      'services:\n  web: {exec: x, dependsOn: {databse: ready}}\n  database: {exec: x}\n',
      '2:30: services.web.dependsOn.databse: there is no service "databse": did you mean "database"?',
    ],
    [
      'a circle',
      'services:\n  a: {exec: x, dependsOn: {b: ready}}\n  b: {exec: x, dependsOn: {a: started}}\n',
      '2:16: services.a.dependsOn: a circle: a → b → a',
    ],
    ['itself', 'services:\n  a: {exec: x, dependsOn: {a: ready}}\n', '2:16: services.a.dependsOn: a circle: a → a'],
    [
      'a name that is none',
      'services:\n  a b: {exec: x}\n',
      '2:3: services.a b: the name should begin with a letter or a digit and hold letters, digits and . _ - @ + only (64 at most)',
    ],
    ['a missing key of a source', 'sources:\n- profiles: .\n', '2:3: sources.0.exec: should be a text, and is missing'],
    ['a source of no kind', 'sources:\n- 5\n', '2:3: sources.0: should have a key manifests, or a key profiles (and exec), got 5'],
    ['a source without its folder', 'sources:\n- manifests: none\n', '2:3: sources.0: manifests: there is no folder ./none'],
    [
      'an unknown placeholder',
      `services:\n  a:\n    exec: x\n    args: [ok, "\${hom}"]\n`,
      `4:16: services.a.args.1: \${hom} is not known: there are \${port}, \${host}, \${home} and \${env:NAME}; a dollar sign is $$`,
    ],
    [
      'a port for one without',
      `services:\n  a:\n    exec: x\n    env: {P: "\${port}"}\n`,
      `4:14: services.a.env.P: \${port}: the service has no port: give it one (port: auto)`,
    ],
    ['health that needs a port', 'services:\n  a: {exec: x, health: {tcp: true}}\n', '2:16: services.a.health: tcp needs a port: port: 8080, or port: auto'],
    ['a range that is upside down', 'services:\n  a: {exec: x, port: {from: 2, to: 1}}\n', '2:16: services.a.port: from 2 is beyond to 1'],
    ['a key twice', 'services: {}\nservices: {}\n', '2:1: Map keys must be unique'],
    ['an alias of nothing', 'services: *x\n', ': Unresolved alias (the anchor must be set before the alias): x'],
  ] as const) {
    test(title, async () => assert.deepEqual((await issuesOf(text)).toSorted(), issues.toSorted()));
  }

  test('JSON that is none, by its line and column, whatever the engine says of it', async () => {
    const at = async (text: string) => (await issuesOf(text, 'a.json')).map(issue => /^(\d+:\d+): [^"]+$/.exec(issue)?.[1]);
    assert.deepEqual(await at('{\n  "services": {\n    "a": x\n  }\n}'), ['3:10']);
    assert.deepEqual(await at('{\n  "services": {},\n}'), ['3:1']);
    assert.deepEqual(await at('{\n  "services": {}'), ['2:17']);
    assert.deepEqual(await at(''), ['1:1']);
    assert.deepEqual(await at('{} x'), ['1:4']);
    assert.deepEqual(await issuesOf('{\n  "services": {\n    "a": {"exce": "x"}\n  }\n}', 'a.json'), [
      '3:11: services.a.exce: unknown key "exce": did you mean "exec"?',
    ]);
  });

  test('a program that fails, and one that returns something wrong', async () => {
    assert.deepEqual(await issuesOf('throw new Error("boom")', 'a.mjs'), [': boom']);
    assert.deepEqual(await issuesOf('export default { service: 1 }', 'a.mjs'), [': service: unknown key "service": did you mean "services"?']);
  });

  test('a file that is not there', async () => {
    using folder = emptyFolder();
    for (const name of ['a.yaml', 'a.json', 'a.mjs']) await assert.rejects(readServicesFile(join(folder.path, name)), { code: 'ERR_INVALID_CONFIG' });
  });

  test('two of one name: in the file and in a source, and in two sources', async () => {
    const sources = 'sources:\n- manifests: a\n- manifests: b\n';
    const more = { 'a/manifest.json': MANIFEST, 'b/manifest.json': MANIFEST };
    using folder = folderWith({ ...more, 'x.yaml': sources, 'y.yaml': 'services:\n  billing: {exec: x}\nsources:\n- manifests: b\n' });
    const second = join(folder.path, 'b/manifest.json');
    await assert.rejects(readServicesFile(join(folder.path, 'x.yaml')), {
      message: `${second}: there is a service billing already (${join(folder.path, 'a/manifest.json')}): rename one of them`,
    });
    await assert.rejects(readServicesFile(join(folder.path, 'y.yaml')), {
      message: `${second}: there is a service billing already (${join(folder.path, 'y.yaml')}:2:3): rename one of them`,
    });
  });

  test('nothing that may be a secret is repeated', async () => {
    const secret = 'env: {TOKEN: hunter2}';
    for (const wrong of [
      `services:\n  a b: {exec: x, ${secret}}\n`,
      `services:\n- {exec: x, ${secret}}\n`,
      'services:\n  a: {exec: x, env: {TOKEN: [hunter2]}}\n',
    ]) {
      const issues = await issuesOf(wrong);
      assert.equal(issues.length, 1);
      assert.doesNotMatch(issues.join(), /hunter2/);
    }
  });

  test('the same of an object, without a file', async () => {
    const value = { services: { a: { exce: 'x' }, b: { exec: 5 } } };
    await assert.rejects(readServicesObject(value, '/'), error => {
      assert.ok(isClusterError(error));
      assert.equal(error.code, 'ERR_INVALID_OPTIONS');
      assert.match(error.message, /the configuration: services\.a\.exce: unknown key "exce": did you mean "exec"\?/);
      assert.match(error.message, /the configuration: services\.b\.exec: should be a text, got 5/);
      return true;
    });
    for (const nonsense of [undefined, null, 5, [], 'x']) await assert.rejects(readServicesObject(nonsense, '/'), { code: 'ERR_INVALID_OPTIONS' });
    const { file, services } = await readServicesObject({ services: { a: { exec: './x' } } }, '/srv');
    assert.deepEqual([file, services[0]?.run], [undefined, { kind: 'program', exec: '/srv/x', args: [] }]);
  });
});

test('warnings of sources reach whoever reads the file', async () => {
  using folder = folderWith({ 's.yaml': 'sources:\n- manifests: .\n', 'a/manifest.json': MANIFEST.replace('service_id', 'serivce_id') });
  const { warnings, services } = await readServicesFile(join(folder.path, 's.yaml'));
  assert.deepEqual([services.length, warnings.length], [1, 1]);
});
