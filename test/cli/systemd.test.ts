import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { assignmentText, commandLineText, plainValue } from '../../lib/cli/systemd/quoting.js';
import { runCommand } from '../support/command.js';
import { COMMAND, emptyFolder, fixture } from '../support/fixtures.js';

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '\\': '\\', '"': '"' };

/** A line as systemd splits it: blanks, double quotes, C escapes. Undefined when it refuses. */
function systemdWords(line: string): string[] | undefined {
  const words: string[] = [];
  let rest = line;
  while (rest !== '') {
    const word = /^(?:"((?:[^"\\\n]|\\[^\n])*)"|([^\s"'\\;]+))(?= |$) ?/.exec(rest);
    if (word === null) return undefined;
    words.push(
      word[2] ??
        (word[1] ?? '').replace(/\\(?:x([\da-f]{2})|([\s\S]))/g, (_, hex?: string, one?: string) =>
          hex === undefined ? (ESCAPES[one ?? ''] ?? assert.fail(`\\${one}`)) : String.fromCharCode(Number.parseInt(hex, 16)),
        ),
    );
    rest = rest.slice(word[0].length);
  }
  return words;
}

/** Any other specifier would be expanded. */
const withoutSpecifiers = (text: string) => text.replace(/%(.?)/g, (_, next) => (next === '%' ? '%' : assert.fail(`%${next}`)));
/** `$$` is a dollar; any other may begin a variable. */
const withoutVariables = (text: string) => text.replace(/\$(.?)/g, (_, next) => (next === '$' ? '$' : assert.fail(`$${next}`)));

/** What a shell and systemd both find special, more often than chance has it. */
const special = fc.constantFrom(
  '%',
  '%h',
  '$',
  '$HOME',
  '$\u007bX}',
  '$$',
  ' ',
  '"',
  "'",
  '\\',
  ';',
  '\n',
  '\t',
  '\x01',
  '\x7f',
  '-',
  '@',
  '#',
  'é',
  '日',
  '\\x41',
  '',
);
const nasty = fc.array(fc.oneof(special, fc.string()), { maxLength: 6 }).map(pieces => pieces.join('').replaceAll('\0', ''));

suite('quoting for systemd', () => {
  test('every argument arrives as it was', () => {
    fc.assert(
      fc.property(fc.array(nasty, { maxLength: 5 }), args => {
        const line = commandLineText(['/usr/bin/node', ...args]);
        assert.ok(!line.includes('\n'));
        const [program, ...words] = systemdWords(line) ?? assert.fail(line);
        assert.equal(program, '/usr/bin/node');
        assert.deepEqual(
          words.map(word => withoutVariables(withoutSpecifiers(word))),
          args,
        );
      }),
      { numRuns: 1_000 },
    );
  });

  test('and so does every variable, in which a dollar means nothing', () => {
    fc.assert(fc.property(nasty, value => assert.deepEqual(systemdWords(assignmentText('A', value))?.map(withoutSpecifiers), [`A=${value}`])));
  });

  test('a lone semicolon is an argument, and no second command', () => {
    assert.equal(commandLineText(['/node', ';', 'a b', '']), '/node ";" "a b" ""');
  });

  test('what an unquoted value cannot hold is refused', () => {
    assert.equal(plainValue('/srv/50% off'), '/srv/50%% off');
    for (const text of ['a\nb', ' a', 'a ', 'a\\']) assert.equal(plainValue(text), undefined, JSON.stringify(text));
  });
});

const hasAnalyze = spawnSync('systemd-analyze', ['--version'], { stdio: 'ignore' }).status === 0;
const SLOW = fixture('apps/slow.js');
const cwd = dirname(SLOW);
const print = (...args: string[]) => runCommand(['systemd', ...args], { cwd });
const lineOf = (text: string, key: string) => new RegExp(`^${key}=(.*)$`, 'm').exec(text)?.[1];

suite('app-cluster systemd', { concurrency: 2 }, () => {
  test('a service that starts what was asked for, as the user that was asked for', async () => {
    const { code, stdout } = await print('slow.js', '--user', 'www', '--workers=2', '--name', 'web', '--set-env', 'A=50% of $HOME', '--', '--user', 'x');
    assert.equal(code, 0);
    const words = (systemdWords(lineOf(stdout, 'ExecStart') ?? '') ?? []).map(word => withoutVariables(withoutSpecifiers(word)));
    assert.deepEqual(words, [
      process.execPath,
      COMMAND,
      'start',
      'slow.js',
      '--workers=2',
      '--name',
      'web',
      '--set-env',
      'A=50% of $HOME',
      '--',
      '--user',
      'x',
    ]);
    assert.equal(lineOf(stdout, 'User'), 'www');
    assert.equal(lineOf(stdout, 'WorkingDirectory'), cwd);
    assert.equal(lineOf(stdout, 'Type'), 'notify');
    assert.equal(lineOf(stdout, 'Environment'), 'APP_CLUSTER_HOME=%S/web');
  });

  test('systemd waits longer than the stop takes, lame duck included', async () => {
    assert.equal(lineOf((await print('slow.js')).stdout, 'TimeoutStopSec'), '35');
    const { stdout } = await print('slow.js', '--stop-timeout', '1m', '--lame-duck', '1500ms');
    assert.equal(lineOf(stdout, 'TimeoutStopSec'), '67');
  });

  test('with a socket there are two units, and the workers listen on its port', async () => {
    const { stdout } = await print('slow.js', '--socket', '127.0.0.1:8080');
    assert.match(stdout, /^# slow\.service$[\s\S]*^Requires=slow\.socket$[\s\S]*^# slow\.socket$[\s\S]*^ListenStream=127\.0\.0\.1:8080$/m);
    assert.match(lineOf(stdout, 'ExecStart') ?? '', / --port 8080$/);
    assert.equal((await print('slow.js', '--socket', '8080', '--port', '81')).code, 64);
  });

  test('what is not known, not sensible or not there yet is said', async () => {
    const wrong: readonly (readonly [string[], number, RegExp])[] = [
      [['--wokers', '4'], 64, /unknown option '--wokers'/],
      [['--daemon'], 64, /--daemon: systemd keeps it/],
      [['--socket', '70000'], 64, /--socket: should be/],
      [['--user', 'a b'], 64, /--user: should be the name of an account/],
      [['--stop-timeout', '30'], 64, /--stop-timeout: should be a number with a unit/],
    ];
    for (const [args, code, text] of wrong) {
      const ended = await print('slow.js', ...args);
      assert.deepEqual([args, ended.code], [args, code], ended.stderr);
      assert.match(ended.stderr, text);
    }
    assert.match((await print('--help')).stdout, /Usage: app-cluster systemd .*--socket <listen>/s);
  });

  test('written into a folder, readable, and never over what somebody has changed', async () => {
    using folder = emptyFolder();
    const { code, stdout } = await print('slow.js', '--socket', '8080', '--write', folder.path);
    assert.equal(code, 0);
    const file = join(folder.path, 'slow.service');
    assert.ok(stdout.includes(`wrote ${file}\n`));
    assert.ok(existsSync(join(folder.path, 'slow.socket')));
    assert.equal(statSync(file).mode & 0o444, 0o444);
    assert.equal((await print('slow.js', '--socket', '8080', '--write', folder.path)).code, 0, 'the same again is no change');
    writeFileSync(file, '# mine\n');
    assert.equal((await print('slow.js', '--socket', '8080', '--write', folder.path)).code, 64);
    assert.equal(readFileSync(file, 'utf8'), '# mine\n');
  });

  test('systemd itself finds nothing to complain about', { skip: hasAnalyze ? false : 'systemd-analyze is not installed' }, async () => {
    using folder = emptyFolder();
    const args = ['--user', 'daemon', '--socket', '8080', '--set-env', 'A=50% of $HOME; "x" \\'];
    assert.equal((await print('slow.js', ...args, '--write', folder.path)).code, 0);
    const files = ['slow.service', 'slow.socket'].map(name => join(folder.path, name));
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', ...files], { encoding: 'utf8', timeout: 30_000 });
    const about = stderr.split('\n').filter(line => line.includes('slow.'));
    assert.deepEqual([status, about], [0, []], stderr);
  });
});

const SERVICES = {
  stopTimeout: '45s',
  services: {
    db: { exec: SLOW, port: 81, health: { tcp: true, startTimeout: '20s' } },
    web: { exec: SLOW, health: { tcp: true, startTimeout: '10s' }, port: 'auto', dependsOn: { db: 'ready' } },
    other: { exec: SLOW, health: 'none' },
  },
};

suite('app-cluster systemd --services', { concurrency: 2 }, () => {
  const described = (services: unknown = SERVICES) => {
    const folder = emptyFolder();
    writeFileSync(join(folder.path, 'app-cluster.services.json'), JSON.stringify(services));
    return folder;
  };

  test('a unit for its supervisor: as long as the file says, and what it is asked for', async () => {
    using folder = described();
    const args = ['--services', folder.path, '--name', 'shop', '--user', 'www', '--log-max-size=5mb'];
    const { code, stdout, stderr } = await runCommand(['systemd', ...args]);
    assert.equal(code, 0, stderr);
    const words = (systemdWords(lineOf(stdout, 'ExecStart') ?? '') ?? []).map(word => withoutVariables(withoutSpecifiers(word)));
    const file = realpathSync(join(folder.path, 'app-cluster.services.json'));
    assert.deepEqual(words, [process.execPath, COMMAND, 'up', file, '--name', 'shop', '--log-max-size=5mb']);
    const expected = {
      Type: 'notify',
      User: 'www',
      KillMode: 'mixed',
      ExecReload: '/bin/kill -HUP $MAINPID',
      TimeoutStartSec: '35',
      TimeoutStopSec: '55',
      AmbientCapabilities: 'CAP_NET_BIND_SERVICE',
      WorkingDirectory: dirname(file),
      PrivateTmp: undefined,
    };
    for (const [key, value] of Object.entries(expected)) assert.equal(lineOf(stdout, key), value, key);
  });

  test('what is wrong with the file is said, and there is no unit; what is missing is said beside it', async () => {
    using bad = described({ services: { web: { exce: 'x' } } });
    const { code, stdout, stderr } = await runCommand(['systemd', '--services', bad.path]);
    assert.deepEqual([code, stdout], [78, '']);
    assert.match(stderr, /app-cluster\.services\.json:1:\d+: services\.web/);
    using missing = described({ services: { web: { exec: './nowhere' } } });
    const ended = await runCommand(['systemd', '--services', missing.path]);
    assert.deepEqual([ended.code, /nowhere is neither a file/.test(ended.stderr), lineOf(ended.stdout, 'Type')], [0, true, 'notify']);
  });

  test('what a supervisor does not have is refused', async () => {
    using folder = described();
    for (const [args, text] of [
      [['--socket', '80'], /--socket: not together with --services/],
      [['--daemon'], /--daemon: not together/],
      [['db'], /which services run is said in the file/],
      [['--workers', '2'], /unknown option '--workers'/],
    ] as const) {
      const { code, stderr } = await runCommand(['systemd', '--services', folder.path, ...args]);
      assert.deepEqual([args, code], [args, 64], stderr);
      assert.match(stderr, text);
    }
    const { code, stderr } = await runCommand(['systemd', '--services', join(folder.path, 'missing.yaml')]);
    assert.deepEqual([code, /There is no .*missing\.yaml/.test(stderr)], [78, true]);
  });

  test('systemd itself finds nothing to complain about', { skip: hasAnalyze ? false : 'systemd-analyze is not installed' }, async () => {
    using folder = described();
    assert.equal((await runCommand(['systemd', '--services', folder.path, '--name', 'shop', '--user', 'daemon', '--write', folder.path])).code, 0);
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', join(folder.path, 'shop.service')], { encoding: 'utf8', timeout: 30_000 });
    assert.deepEqual([status, stderr.split('\n').filter(line => line.includes('shop.'))], [0, []], stderr);
  });
});
