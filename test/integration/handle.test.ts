import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { suite, test } from 'node:test';
import { freePort } from '../../lib/system/free-port.js';
import { FRAMEWORK } from '../support/egg.js';
import { fixture, ROOT } from '../support/fixtures.js';

const run = (script: string, env: Record<string, string> = {}) =>
  spawnSync(process.execPath, ['--input-type=commonjs', '-e', script], { cwd: ROOT, env: { ...process.env, ...env }, encoding: 'utf8', timeout: 30_000 });

suite('startCluster and its handle', { concurrency: 2 }, () => {
  test('address, snapshot, resize, reload, stop', async () => {
    const OPTIONS = JSON.stringify({ framework: FRAMEWORK, baseDir: fixture('eggs/plain') });
    const port = await freePort(0);
    const { stdout, status } = spawnSync(process.execPath, [fixture('scripts/handle.js')], {
      env: { ...process.env, NODE_ENV: 'production', OPTIONS, PORT: String(port) },
      encoding: 'utf8',
      timeout: 30_000,
    });
    const seen = JSON.parse(/SEEN (.*)/.exec(stdout)?.[1] ?? assert.fail(stdout));
    assert.deepEqual(seen.address, { protocol: 'http', port, text: `http://127.0.0.1:${port}` });
    assert.deepEqual([seen.before.status, seen.before.size, seen.before.workers.length, seen.before.agent.status], ['running', 2, 2, 'ready']);
    assert.deepEqual(seen.resized.workers.map(({ slot }: { slot: number }) => slot).toSorted(), [0, 1, 2]);
    const old = new Set(seen.resized.workers.map(({ pid }: { pid: number }) => pid));
    assert.ok(
      seen.reloaded.workers.length === 3 &&
        seen.reloaded.workers.every(({ pid, generation }: { pid: number; generation: number }) => !old.has(pid) && generation === 2),
    );
    assert.deepEqual([seen.report.stopped, seen.report.forced, seen.report.survived, seen.after], [['app', 'agent'], [], [], 'stopped']);
    assert.equal(status, 0, 'with ownProcess: false the process ends by itself');
  });

  test('wrong options reject with every issue; the process lives', () => {
    const script = `require('app-cluster').startCluster({ workers: 'abc', port: 70000, sticky: 'yes' }).catch(error => console.log(JSON.stringify([error.code, error.message])))`;
    const { stdout, status } = run(script);
    const [code, message] = JSON.parse(stdout);
    assert.equal(code, 'ERR_INVALID_OPTIONS');
    for (const part of [/workers: should be a whole number from 1 to 1024, got "abc"/, /port: .*got 70000/, /sticky: should be true or false, got "yes"/])
      assert.match(message, part);
    assert.equal(status, 0);
  });

  test('what is secret is not in the message about it', () => {
    const https = { key: '-----BEGIN PRIVATE KEY-----', cert: 7, passphrase: 'sesame' };
    const { stdout } = run(
      `require('app-cluster').startCluster({ https: ${JSON.stringify(https)}, args: ['-----BEGIN X', 5] }).catch(error => console.log(error.message))`,
    );
    assert.match(stdout, /https: .*got an object of key, cert, passphrase/);
    assert.doesNotMatch(stdout, /BEGIN|sesame/);
  });

  test('with a callback they go there, and nothing rejects', () => {
    const { stdout, stderr, status } = run(
      `require('app-cluster').startCluster({ framework: 'nope', baseDir: ${JSON.stringify(fixture('eggs/plain'))} }, error => console.log(error.message))`,
    );
    assert.match(stdout, /^nope is not found in .*node_modules/);
    assert.match(stderr, /^startCluster: nope is not found in/);
    assert.equal(status, 1, 'a callback that does not look must not make a failed start a success');
  });

  for (const [title, options, message] of [
    ['a folder without package.json', { framework: FRAMEWORK, baseDir: fixture('tls') }, /tls\/package\.json should exist/],
    ['a framework folder that is not there', { framework: '/nope/framework', baseDir: fixture('eggs/plain') }, /^\/nope\/framework should exist/],
    [
      'a key that is not there',
      { framework: FRAMEWORK, baseDir: fixture('eggs/plain'), https: { key: '/nope.key', cert: fixture('tls/cert.pem') } },
      /options\.https\.key should exists/,
    ],
    [
      'a certificate that is not there',
      { framework: FRAMEWORK, baseDir: fixture('eggs/plain'), https: { key: fixture('tls/key.pem'), cert: '/nope.cert' } },
      /options\.https\.cert should exists/,
    ],
    ['threads that stick', { framework: FRAMEWORK, baseDir: fixture('eggs/plain'), startMode: 'worker_threads', sticky: true }, /sticky: cannot be combined/],
  ] as const) {
    test(`${title}: rejected`, () => {
      const { stdout } = run(`require('app-cluster').startCluster(${JSON.stringify(options)}).catch(error => console.log(error.message))`);
      assert.match(stdout.trim(), message);
    });
  }

  test('https: key and certificate may be bytes; they are not in the command line', async () => {
    const options = { framework: FRAMEWORK, baseDir: fixture('eggs/plain'), workers: 1, port: await freePort(0), ownProcess: false };
    const { stdout } = run(`
      const { readFileSync } = require('node:fs');
      const https = { key: readFileSync(${JSON.stringify(fixture('tls/key.pem'))}), cert: readFileSync(${JSON.stringify(fixture('tls/cert.pem'))}) };
      require('app-cluster').startCluster({ ...${JSON.stringify(options)}, https }).then(cluster => {
        const isSeen = readFileSync('/proc/' + cluster.snapshot().workers[0].pid + '/cmdline', 'utf8').includes('BEGIN');
        require('node:https').get({ port: ${options.port}, rejectUnauthorized: false, agent: false }, response => {
          console.log('SEEN', response.statusCode, isSeen, cluster.address.text);
          cluster.stop();
        });
      });`);
    assert.match(stdout, new RegExp(`^SEEN 200 false https://127.0.0.1:${options.port}$`, 'm'));
  });

  test('import works as require does', () => {
    const { stdout } = spawnSync(
      process.execPath,
      ['--input-type=module', '-e', `import { startCluster } from 'app-cluster'; startCluster({ workers: -1 }).catch(error => console.log(error.code));`],
      { cwd: ROOT, encoding: 'utf8' },
    );
    assert.equal(stdout.trim(), 'ERR_INVALID_OPTIONS');
  });
});
