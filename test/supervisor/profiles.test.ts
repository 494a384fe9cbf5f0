import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import type { ProfilesSource } from '../../lib/protocol/services.schema.js';
import { listedNames } from '../../lib/supervisor/sources/profile-names.js';
import { profileServices } from '../../lib/supervisor/sources/profiles.js';
import { outputOf } from '../../lib/system/command-output.js';
import { isAlive } from '../../lib/system/process-tree.js';
import { eventually } from '../support/eventually.js';
import { emptyFolder } from '../support/fixtures.js';

const WORK = join('profiles', 'work', 'config.yaml');

const SOURCE: ProfilesSource = { profiles: '.', exec: 'hermes', portKey: 'api.port', hostKey: 'api.host' };

function gateway(files: Readonly<Record<string, string>>) {
  const folder = emptyFolder();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder.path, path)), { recursive: true });
    writeFileSync(join(folder.path, path), text, { mode: 0o755 });
  }
  return folder;
}

async function profilesOf(files: Readonly<Record<string, string>>, more: Partial<ProfilesSource> = {}, inContainer = false) {
  using folder = gateway(files);
  return { root: folder.path, ...(await profileServices({ ...SOURCE, ...more }, folder.path, inContainer)) };
}
const namesIn = ({ services }: { readonly services: readonly { readonly name: string }[] }) => services.map(({ name }) => name);

suite('which profiles there are', () => {
  test('default always, and each folder below profiles/ that holds a configuration', async () => {
    const found = await profilesOf({ [WORK]: '', 'profiles/home/config.yaml': '', 'profiles/empty/x': '', 'profiles/file': '' });
    assert.deepEqual(namesIn(found), ['default', 'home', 'work']);
    assert.deepEqual(namesIn(await profilesOf({})), ['default']);
    assert.deepEqual(namesIn(await profilesOf({ 'profiles/a/my.json': '{}', 'profiles/b/config.yaml': '' }, { configFile: 'my.json' })), ['default', 'a']);
  });

  test('a folder that is no name, or is called default, is listed as invalid', async () => {
    const { invalid = [], ...found } = await profilesOf({
      'profiles/my work/config.yaml': '',
      'profiles/default/config.yaml': '',
      'profiles/ok/config.yaml': '',
    });
    assert.deepEqual(namesIn(found), ['default', 'ok']);
    assert.deepEqual(
      invalid.map(({ name, source }) => [name, source]),
      ['default', 'my work'].map(name => [name, join(found.root, 'profiles', name)]),
    );
    assert.match(invalid[0]?.reason ?? '', /rename/);
    assert.match(invalid[1]?.reason ?? '', /should begin with/);
  });

  test('a folder that is not there is wrong with the source itself', async () => {
    const { services, issues, root } = await profilesOf({}, { profiles: 'none' });
    assert.deepEqual([services, issues], [[], [`profiles: there is no folder ${join(root, 'none')}`]]);
  });
});

suite('the list command', () => {
  for (const [title, output, names] of [
    [
      'a table with heading, rule and mark',
      '\n Profile     Model      Gateway\n ─────────── ────────── ───────\n ◆default    gpt        running\n  work       —          stopped\n',
      ['default', 'work'],
    ],
    ['a mark with a blank', 'Profiles:\n* default\n  work\n', ['default', 'work']],
    [
      'a frame',
      '┌─────────┬───────┐\n│ Name    │ State │\n├─────────┼───────┤\n│ default │ up    │\n│ ● work  │ down  │\n└─────────┴───────┘\n',
      ['default', 'work'],
    ],
    ['ASCII', '+---------+\n| NAME    |\n+---------+\n| default |\n| > work  |\n+---------+\n', ['default', 'work']],
    ['colours', '\u001B[1mName  State\u001B[0m\n\u001B[32m→ work\u001B[0m  up\n', ['work']],
    ['names alone', 'work\r\nhome\r\nwork\r\n', ['work', 'home']],
    ['a profile that is called name', 'default\nname\nprofile\n', ['default', 'name', 'profile']],
    ['an unknown heading with a rule', 'Gateways  Port\n====\nwork  1\n----\n', ['work']],
    ['nothing', '\n', []],
    ['a heading alone', 'Profile  Model\n────\n', []],
    ['no name at all', '(none)\n../../etc\n', []],
  ] as const) {
    test(`heading, rule lines and the mark of the active one are stripped: ${title}`, () => assert.deepEqual(listedNames(output), names));
  }

  test('whatever it writes, a name is one that a service may have', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), text => listedNames(text).every(name => /^[A-Za-z0-9][\w.@+-]{0,63}$/.test(name))));
  });

  const list = (script: string) => ({ 'list.sh': `#!/bin/sh\n${script}\n`, [WORK]: '', 'profiles/home/config.yaml': '' });

  test('it decides, in the folder of the profiles and with its home in the environment', async () => {
    const files = list('echo " Profile"; echo " ───────"; echo " ◆work"; echo "$GATEWAY_HOME $(pwd -P)" > seen; cp seen ../seen; echo lost');
    using folder = gateway(Object.fromEntries(Object.entries(files).map(([path, text]) => [path === 'list.sh' ? path : `root/${path}`, text])));
    const source = { ...SOURCE, profiles: 'root', homeVariable: 'GATEWAY_HOME', listCommand: ['./list.sh'] };
    const found = await profileServices(source, folder.path, false);
    assert.deepEqual(namesIn(found), ['work']);
    assert.deepEqual(
      found.warnings?.filter(text => !text.includes('port')),
      [`listCommand lists lost, and there is no folder ${join(folder.path, 'root/profiles/lost')}`],
    );
    const root = join(folder.path, 'root');
    assert.equal(readFileSync(join(folder.path, 'seen'), 'utf8'), `${root} ${root}\n`);
  });

  for (const [title, script, reason] of [
    ['it fails', 'echo work; exit 3', /exit code 3/],
    ['it lists nothing', 'echo', /lists no profile/],
    ['it is killed', 'kill -9 $$', /SIGKILL/],
  ] as const) {
    test(`the folders are looked at, with a warning, when ${title}`, async () => {
      const found = await profilesOf({ ...list(script), 'config.yaml': '' }, { listCommand: ['./list.sh'] });
      assert.deepEqual(namesIn(found), ['default', 'home', 'work']);
      assert.match(found.warnings?.join('\n') ?? '', reason);
    });
  }

  test('the same when there is no such program', async () => {
    const found = await profilesOf({ 'config.yaml': '' }, { listCommand: ['no-such-program-here'] });
    assert.deepEqual([namesIn(found), found.warnings?.length], [['default'], 1]);
  });

  test('beyond its limit it is killed, and whoever it has started', async () => {
    using folder = gateway({ 'list.sh': '#!/bin/sh\nsleep 300 & echo $! > pid\necho $$ >> pid\nwait\n' });
    const output = await outputOf({ command: ['./list.sh'], cwd: folder.path, environment: {}, limitMs: 1_000 });
    assert.deepEqual(output, { failure: 'it did not end within 1 s' });
    const pids = readFileSync(join(folder.path, 'pid'), 'utf8').trim().split('\n').map(Number);
    assert.equal(pids.length, 2);
    await eventually(() => pids.every(pid => !isAlive(pid)));
  });

  test('one that writes without end is killed before its limit', async () => {
    using folder = gateway({ 'list.sh': '#!/bin/sh\nexec yes\n' });
    assert.deepEqual(await outputOf({ command: ['./list.sh'], cwd: folder.path, environment: {}, limitMs: 60_000 }), { failure: 'it writes without end' });
  });
});

suite('a profile as a service', () => {
  test('everything has its place in the folder of the profile', async () => {
    const more = {
      args: ['gateway', '--port', `\${port}`],
      stopCommand: ['hermes', 'stop'],
      lockFile: 'gateway.lock',
      staleKeys: ['port'],
      homeVariable: 'HERMES_HOME',
    };
    const { services, root, active, warnings } = await profilesOf({ 'config.yaml': 'api: {port: 8650, host: "::1"}\n', [WORK]: '' }, more);
    const [first, second] = services;
    const home = join(root, 'profiles', 'work');
    assert.deepEqual([first?.name, first?.home, first?.cwd, second?.name, second?.home, second?.cwd], ['default', root, root, 'work', home, home]);
    assert.deepEqual(first?.run, { kind: 'program', exec: 'hermes', args: more.args });
    assert.deepEqual([first?.host, first?.port], ['::1', { from: 8642, to: 65535, isFixed: false, preferred: 8650 }]);
    assert.deepEqual([second?.host, second?.port], ['127.0.0.1', { from: 8642, to: 65535, isFixed: false }]);
    assert.deepEqual(second?.env, { HERMES_HOME: `\${home}` });
    assert.deepEqual([second?.pidFile, second?.lockFile], [join(home, 'gateway.pid'), join(home, 'gateway.lock')]);
    assert.deepEqual(second?.config, { file: join(home, 'config.yaml'), portKey: 'api.port', hostKey: 'api.host', staleKeys: ['port'] });
    assert.deepEqual(second?.apiKey, { file: join(home, '.env'), variable: 'API_KEY' });
    assert.deepEqual([second?.health.kind === 'http' && second.health.target, second?.stop.command, second?.isProfile], ['/health', ['hermes', 'stop'], true]);
    assert.deepEqual([active, warnings], ['default', []]);
  });

  test('a program with a slash starts from the folder of the services file', async () => {
    const { services, root } = await profilesOf({ 'gateways/config.yaml': '' }, { profiles: 'gateways', exec: './serve.js' });
    assert.equal(services[0]?.run.kind === 'program' && services[0].run.exec, join(root, 'serve.js'));
  });

  for (const [title, config, port, host, warnings] of [
    ['numbers', 'api: {port: 9000, host: 0.0.0.0}', 9_000, '0.0.0.0', []],
    ['a number as text', 'api: {port: " 9000 ", host: gateway.test}', 9_000, 'gateway.test', []],
    ['an address in brackets', 'api: {port: 1, host: "[::1]"}', 1, '::1', []],
    ['nothing', '', undefined, '127.0.0.1', []],
    ['null', 'api: {port: , host: ~}', undefined, '127.0.0.1', []],
    ['a port that is too large', 'api: {port: 65536}', undefined, '127.0.0.1', [/api\.port should be a port/]],
    ['port 0', 'api: {port: 0}', undefined, '127.0.0.1', [/api\.port/]],
    ['a negative port', 'api: {port: "-1"}', undefined, '127.0.0.1', [/api\.port/]],
    ['a fraction', 'api: {port: 1.5}', undefined, '127.0.0.1', [/api\.port/]],
    ['another type', 'api: {port: [1], host: 5}', undefined, '127.0.0.1', [/api\.port/, /api\.host/]],
    ['a URL as host', 'api: {port: 9000, host: "http://x/"}', 9_000, '127.0.0.1', [/api\.host/]],
    ['a broken file', 'api: [', undefined, '127.0.0.1', [/config\.yaml: .*127\.0\.0\.1:8642 is meant/]],
    ['another shape', '- 1', undefined, '127.0.0.1', []],
  ] as const) {
    test(`port and host of its configuration, or the defaults with a warning: ${title}`, async () => {
      const found = await profilesOf({ 'config.yaml': config });
      assert.deepEqual([found.services[0]?.port?.preferred, found.services[0]?.host], [port, host]);
      assert.equal(found.warnings?.length, warnings.length, found.warnings?.join('\n'));
      for (const [index, warning] of warnings.entries()) assert.match(found.warnings?.[index] ?? '', warning);
    });
  }

  test('a missing configuration is told, and one in JSON is read', async () => {
    const found = await profilesOf({ 'profiles/x/config.json': '{"api": {"port": "7000"}}' }, { configFile: 'config.json', basePort: 6_000 });
    assert.deepEqual(
      found.services.map(({ port }) => port),
      [
        { from: 6_000, to: 65_535, isFixed: false },
        { from: 6_000, to: 65_535, isFixed: false, preferred: 7_000 },
      ],
    );
    assert.match(found.warnings?.join('\n') ?? '', /^profile default: .*config\.json: there is no such file: 127\.0\.0\.1:6000 is meant$/);
  });

  test('in a container the host is the one that is given for it, unless the configuration says another', async () => {
    const files = { 'config.yaml': '', 'profiles/x/config.yaml': 'api: {host: 0.0.0.0}' };
    const hosts = async (more: Partial<ProfilesSource>, inContainer: boolean) => (await profilesOf(files, more, inContainer)).services.map(({ host }) => host);
    assert.deepEqual(await hosts({ containerHost: 'gateway' }, true), ['gateway', '0.0.0.0']);
    assert.deepEqual(await hosts({ containerHost: 'gateway' }, false), ['127.0.0.1', '0.0.0.0']);
    assert.deepEqual(await hosts({}, true), ['127.0.0.1', '0.0.0.0']);
  });

  test('an active profile that there is not is told', async () => {
    const files = { 'config.yaml': '', [WORK]: '' };
    assert.deepEqual((await profilesOf(files, { active: 'work' })).warnings, []);
    assert.match((await profilesOf(files, { active: 'wrok' })).warnings?.join() ?? '', /no profile wrok; there are default, work/);
  });

  test('placeholders that are not known are wrong with the source', async () => {
    const { services, issues } = await profilesOf({}, { args: ['a', `\${prot}`], stopCommand: [`\${x}`] });
    assert.deepEqual([services, issues?.map(text => text.split(':')[0])], [[], ['args.1', 'stopCommand.0']]);
  });
});
