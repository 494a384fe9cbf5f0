import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { spawnCluster } from '../../lib/testing.js';
import { bodyOf } from '../support/client.js';
import { runCommand } from '../support/command.js';
import { emptyFolder, fixture } from '../support/fixtures.js';

const PLAIN = fixture('apps/plain.js');

/** One line of what is typed, its exit code, and what is said. */
const WRONG: readonly (readonly [string[], number, ...RegExp[]])[] = [
  [['start', PLAIN, '--wokers', '4'], 64, /unknown option --wokers: did you mean --workers\?/],
  [['start', PLAIN, '--workers', 'abc'], 64, /--workers: should be a whole number from 1 to 1024, got "abc"/],
  [['start', PLAIN, '--workers', '0'], 64, /--workers: .* got "0"/],
  [['start', PLAIN, '--workers', '-1'], 64, /--workers: .* got "-1"/],
  [['start', PLAIN, '--workers', '1e9'], 64, /--workers: .* got "1e9"/],
  [['start', PLAIN, '--port', '70000'], 64, /--port: should be a whole number from 0 to 65535, got "70000"/],
  [['start', PLAIN, '--stop-timeout', '30'], 64, /--stop-timeout: should be a number with a unit/],
  [['start', PLAIN, '--ready', 'soon'], 64, /--ready: should be listening, signal or online, got "soon"/],
  [['start', PLAIN, '--set-env', 'NOVALUE'], 64, /--set-env NOVALUE: should be KEY=VALUE/],
  [['start', PLAIN, '--port'], 64, /argument missing/],
  [['start', PLAIN, 'more'], 64, /unexpected more/],
  [['start', PLAIN, '--workers', 'x', '--port', 'y', '--nope'], 64, /3 things are wrong/, /--workers/, /--port/, /--nope/],
  [['start', '/nope/app.js'], 78, /The entry \/nope\/app\.js does not exist/],
  [['start', fixture('tls')], 78, /package\.json should exist/],
  [['start', fixture('eggs/plain')], 78, /There is nothing to run in/],
  [['start', PLAIN, '--https-key', '/nope.pem', '--https-cert', fixture('tls/cert.pem')], 78, /options\.https\.key should exists: \/nope\.pem \(ENOENT\)/],
  [['start', PLAIN, '--https-key', fixture('tls/key.pem')], 78, /options\.https\.cert should exists/],
  [['start', PLAIN, '--framework', 'nope'], 78, /nope is not found in/],
  [['start', PLAIN, '--agent', 'nope.js'], 78, /The agent .*nope\.js does not exist/],
  [['start', PLAIN, '--require', 'nope'], 78, /The module nope, to be loaded first, is not found/],
  [['start', PLAIN, '--config', '/nope.yaml'], 78, /The configuration file \/nope\.yaml does not exist/],
  [['start', PLAIN, '--pid-file', '/proc/nope/pid'], 69, /The pid file \/proc\/nope\/pid cannot be written/],
  [['nope'], 64, /unknown command 'nope'/],
  [[], 64, /Usage: app-cluster/],
];

suite('the command line', { concurrency: 2 }, () => {
  for (const [args, code, ...said] of WRONG) {
    test(`app-cluster ${args.map(arg => arg.replace(/.*fixtures\//, '')).join(' ')} → ${code}`, async () => {
      const ended = await runCommand(args);
      assert.equal(ended.code, code, ended.stderr);
      for (const pattern of said) assert.match(ended.stderr, pattern);
    });
  }

  test('--help lists every flag, --version says it', async () => {
    const { stdout, code } = await runCommand(['start', '--help']);
    assert.equal(code, 0);
    const flags =
      '--workers --port --host --framework --base-dir --agent --require --import --node-option --https-key --https-cert --sticky --title --pid-file --env --set-env --env-file --name --config --ready --stop-timeout --port-fallback';
    for (const flag of flags.split(' ')) assert.ok(stdout.includes(flag), flag);
    assert.match((await runCommand(['--version'])).stdout, /^\d+\.\d+\.\d+$/m);
    assert.match((await runCommand(['--help'])).stdout, /start/);
  });

  test('flag before environment before file before default', async () => {
    using folder = emptyFolder();
    writeFileSync(
      join(folder.path, 'app.js'),
      readFileSync(fixture('apps/environment.js'), 'utf8').replace("import { createServer } from 'node:http'", "const { createServer } = require('node:http')"),
    );
    writeFileSync(join(folder.path, 'app-cluster.config.yaml'), 'workers: 3\nstopTimeout: 9s\nsetEnv:\n  FROM: file\nname: from-file\n');
    const env = { APP_CLUSTER_WORKERS: '2', APP_CLUSTER_STOP_TIMEOUT: '8s' };
    await using cluster = await spawnCluster(folder.path, { workers: 1, env });
    assert.equal(cluster.workers().length, 1);
    assert.equal(JSON.parse(await bodyOf(cluster.port)).env.FROM, 'file');
    await cluster.stop();
    assert.equal(cluster.events.find(event => event.type === 'cluster-stopping')?.budgetMs, 8_000);
  });

  for (const [name, from, text] of [
    ['app-cluster.config.js', 'js', 'module.exports = { setEnv: { FROM: "js" } };'],
    ['app-cluster.config.mjs', 'mjs', 'export default async () => ({ setEnv: { FROM: "mjs" } });'],
    ['app-cluster.config.json', 'json', '{ "setEnv": { "FROM": "json" } }'],
    ['package.json', 'package', '{ "appCluster": { "entry": "app.js", "setEnv": { "FROM": "package" } } }'],
  ] as const) {
    test(`configuration from ${name}`, async () => {
      using folder = emptyFolder();
      writeFileSync(join(folder.path, 'app.js'), "require('node:http').createServer((q, r) => r.end(process.env.FROM)).listen(process.env.PORT);");
      writeFileSync(join(folder.path, name), text);
      await using cluster = await spawnCluster(folder.path, { workers: 1 });
      assert.equal(await bodyOf(cluster.port), from);
    });
  }

  for (const [name, text, said] of [
    ['app-cluster.config.yaml', 'workers: 2\nprot: 80\n', /app-cluster\.config\.yaml:2:\d+: unknown option "prot": did you mean "port"\?/],
    ['app-cluster.config.yaml', 'workers: 2\nport: [\n', /app-cluster\.config\.yaml:\d+:\d+: /],
    ['app-cluster.config.yaml', 'stopTimeout: 30\n', /app-cluster\.config\.yaml:1:14: stopTimeout: should be a number with a unit/],
    ['app-cluster.config.json', '{\n  "workers": 2,\n  "port" 80\n}', /app-cluster\.config\.json:3:\d+: /],
    ['app-cluster.config.json', '{\n  "workers": "many"\n}', /app-cluster\.config\.json:2:\d+: workers: should be/],
    ['app-cluster.config.js', 'module.exports = {;', /app-cluster\.config\.js:1: /],
    ['package.json', '{ "appCluster": { "workers": 0 } }', /package\.json#appCluster\.workers: workers: should be/],
  ] as const) {
    test(`a wrong ${name} is named with its place: ${JSON.stringify(text)}`, async () => {
      using folder = emptyFolder();
      writeFileSync(join(folder.path, 'app.js'), '');
      writeFileSync(join(folder.path, name), text);
      const { code, stderr } = await runCommand(['start', folder.path]);
      assert.equal(code, 78, stderr);
      assert.match(stderr, said);
    });
  }

  test('a pid file: folders are made, a live one refuses a second start, it goes in the end', async () => {
    using folder = emptyFolder();
    const pidFile = join(folder.path, 'run', 'app.pid');
    await using cluster = await spawnCluster(PLAIN, { args: ['--pid-file', pidFile] });
    assert.equal(readFileSync(pidFile, 'utf8'), String(cluster.pid));
    const { code, stderr } = await runCommand(['start', PLAIN, '--pid-file', pidFile, '--port', '0']);
    assert.equal(code, 69);
    assert.match(stderr, new RegExp(`names the live process ${cluster.pid}`));
    assert.equal(readFileSync(pidFile, 'utf8'), String(cluster.pid), 'untouched by the refused start');
    await cluster.stop();
    assert.equal(existsSync(pidFile), false);
  });

  test('a stale pid file is replaced; one that is no longer ours is kept', async () => {
    using folder = emptyFolder();
    const pidFile = join(folder.path, 'app.pid');
    writeFileSync(pidFile, '4194303');
    await using cluster = await spawnCluster(PLAIN, { args: ['--pid-file', pidFile] });
    assert.equal(readFileSync(pidFile, 'utf8'), String(cluster.pid));
    writeFileSync(pidFile, '1');
    await cluster.stop();
    assert.equal(readFileSync(pidFile, 'utf8'), '1');
  });

  test('--require and --import are loaded first, in agent and apps', async () => {
    using folder = emptyFolder();
    writeFileSync(join(folder.path, 'first.cjs'), 'globalThis.loaded = ["first"];');
    writeFileSync(join(folder.path, 'second.mjs'), 'await null; globalThis.loaded.push("second");');
    writeFileSync(join(folder.path, 'app.js'), 'const seen = String(globalThis.loaded); module.exports = (q, r) => r.end(seen);');
    await using cluster = await spawnCluster(folder.path, { args: ['--require', './first.cjs', '--import', './second.mjs'] });
    assert.equal(await bodyOf(cluster.port), 'first,second');
  });

  test('an environment file that is not there is named', async () => {
    // By its variable: Node 20 takes --env-file for itself wherever it stands in the command line.
    const { code, stderr } = await runCommand(['start', PLAIN], { env: { APP_CLUSTER_ENV_FILE: '/nope.env' } });
    assert.equal(code, 78);
    assert.match(stderr, /The environment file \/nope\.env cannot be read/);
  });

  test('an environment file, quotes and comments included', async () => {
    using folder = emptyFolder();
    const file = join(folder.path, 'prod.env');
    writeFileSync(file, '# comment\nCOLOUR="dark blue"\nSIZE=3\n');
    await using cluster = await spawnCluster(fixture('apps/environment.js'), { args: ['--env-file', file, '--set-env', 'SIZE=4'] });
    const { env } = JSON.parse(await bodyOf(cluster.port));
    assert.deepEqual([env.COLOUR, env.SIZE], ['dark blue', '4']);
  });

  test('a folder is where its program runs', async () => {
    using folder = emptyFolder();
    mkdirSync(join(folder.path, 'bin'));
    writeFileSync(join(folder.path, 'package.json'), '{ "name": "in-folder", "main": "bin/www" }');
    writeFileSync(join(folder.path, 'bin', 'www'), "require('node:http').createServer((q, r) => r.end(process.cwd())).listen(process.env.PORT);");
    await using cluster = await spawnCluster(folder.path);
    assert.equal(await bodyOf(cluster.port), folder.path);
    assert.match(cluster.output(), /in-folder started on/);
  });

  test('an unreadable key is named', { skip: process.getuid?.() === 0 ? 'root reads everything' : false }, async () => {
    using folder = emptyFolder();
    const key = join(folder.path, 'key.pem');
    writeFileSync(key, '');
    chmodSync(key, 0o000);
    const { stderr } = await runCommand(['start', PLAIN, '--https-key', key, '--https-cert', fixture('tls/cert.pem')]);
    assert.match(stderr, /EACCES/);
  });
});
