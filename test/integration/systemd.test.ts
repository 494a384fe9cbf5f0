import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { suite, test } from 'node:test';
import { turn } from '../../lib/system/clock.js';
import { spawnCluster } from '../../lib/testing.js';
import { bodyOf } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { COMMAND, emptyFolder, fixture } from '../support/fixtures.js';
import { program, project } from '../support/services.js';

/** A `systemd-notify` that writes down what it is told, with the socket it would tell it to. */
function fakeSystemd() {
  const folder = emptyFolder();
  const file = join(folder.path, 'told');
  const program = join(folder.path, 'systemd-notify');
  writeFileSync(program, `#!/bin/sh\necho "$NOTIFY_SOCKET $*" >> '${file}'\n`);
  chmodSync(program, 0o755);
  return {
    env: { PATH: `${folder.path}${delimiter}${process.env['PATH']}`, NOTIFY_SOCKET: '@systemd' },
    told: () => (existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : []),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

suite('under systemd', { concurrency: 2 }, () => {
  test('start, reload and stop are told in order, and no child knows the socket', async () => {
    using systemd = fakeSystemd();
    await using cluster = await spawnCluster(fixture('apps/environment.js'), { env: systemd.env });
    assert.doesNotMatch(await bodyOf(cluster.port), /NOTIFY_SOCKET/);
    cluster.kill(cluster.pid, 'SIGHUP');
    await cluster.waitFor('cluster-reloaded');
    assert.equal((await cluster.stop()).code, 0);
    while (!systemd.told().some(text => text.includes('STOPPING'))) await turn(); // Its process may outlive the master's.
    const told = systemd.told().filter(text => !/^@systemd STATUS=[^ ]* workers?, generation \d$/.test(text));
    assert.equal(told[0], `@systemd READY=1 MAINPID=${cluster.pid} STATUS=2 workers, generation 1`);
    assert.match(told[1] ?? '', /^@systemd RELOADING=1 MONOTONIC_USEC=\d+ STATUS=reloading$/);
    assert.equal(told[2], '@systemd READY=1 STATUS=2 workers, generation 2');
    assert.equal(told[3], '@systemd STOPPING=1 STATUS=stopping EXTEND_TIMEOUT_USEC=35000000');
  });

  test('the watchdog is fed', async () => {
    using systemd = fakeSystemd();
    await using cluster = await spawnCluster(fixture('apps/slow.js'), { env: { ...systemd.env, WATCHDOG_USEC: '200000' } });
    while (systemd.told().filter(text => text === '@systemd WATCHDOG=1').length < 2) await bodyOf(cluster.port, '/?ms=20');
    assert.equal((await cluster.stop()).code, 0);
  });

  test('without systemd-notify it runs just the same, and says so once', async () => {
    const env = { PATH: dirname('/nonexistent/systemd-notify'), NOTIFY_SOCKET: '@systemd' };
    await using cluster = await spawnCluster(fixture('apps/slow.js'), { env });
    assert.match((await cluster.waitFor('systemd-not-told')).reason, /systemd-notify is not on the PATH/);
    cluster.kill(cluster.pid, 'SIGHUP');
    await cluster.waitFor('cluster-reloaded');
    assert.equal((await cluster.stop()).code, 0);
    assert.equal(cluster.events.filter(({ type }) => type === 'systemd-not-told').length, 1);
  });

  test('a supervisor: ready when all is tried, a HUP reads the file again, no service knows the socket', async () => {
    using systemd = fakeSystemd();
    await using at = project({ web: { exec: './tells.sh' } });
    at.write('tells.sh', '#!/bin/sh\nenv > given\nexec sleep 300\n', 0o755);
    const file = join(at.folder, 'app-cluster.services.json');
    const env = { ...process.env, ...at.home.env, ...systemd.env };
    const supervisor = spawn(process.execPath, [COMMAND, 'up', file, '--name', 'sup'], { env, stdio: 'ignore' });
    const exited = once(supervisor, 'exit');
    const told = () => systemd.told().filter(text => !/^@systemd STATUS=/.test(text));
    await eventually(() => told().length === 1);
    assert.equal(told()[0], `@systemd READY=1 MAINPID=${supervisor.pid} STATUS=1 of 1 wanted services`);
    assert.doesNotMatch(at.read('given'), /NOTIFY_SOCKET/);
    at.describe({ web: { exec: './tells.sh' }, loop: { exec: program('sleeps') } });
    supervisor.kill('SIGHUP');
    await eventually(() => told().length === 3);
    assert.match(told()[1] ?? '', /^@systemd RELOADING=1 MONOTONIC_USEC=\d+ STATUS=reloading$/);
    assert.equal(told()[2], '@systemd READY=1 STATUS=2 of 2 wanted services');
    supervisor.kill('SIGTERM');
    assert.deepEqual(await exited, [0, null]);
    await eventually(() => told().length === 4);
    assert.equal(told()[3], '@systemd STOPPING=1 STATUS=stopping EXTEND_TIMEOUT_USEC=35000000');
  });

  test('a supervisor that is a unit’s main process reads its file again on HUP; one in a terminal goes with it', async () => {
    for (const [wrap, isStopped] of [
      ['SYSTEMD_EXEC_PID=$$ exec "$@"', false],
      ['exec "$@"', true],
    ] as const) {
      await using at = project({ loop: { exec: program('sleeps') } });
      const words = [process.execPath, COMMAND, 'up', join(at.folder, 'app-cluster.services.json'), '--name', 'sup'];
      const supervisor = spawn('/bin/sh', ['-c', wrap, 'sh', ...words], { env: { ...process.env, ...at.home.env }, stdio: 'ignore' });
      const exited = once(supervisor, 'exit');
      await eventually(async () => (await at.run('status', 'sup')).code === 0);
      await at.until('loop', ({ running }) => running);
      at.describe({ more: { exec: program('sleeps') }, loop: { exec: program('sleeps') } });
      supervisor.kill('SIGHUP');
      if (isStopped) assert.deepEqual(await exited, [0, null]);
      else await eventually(async () => (await at.services()).length === 2);
    }
  });
});
