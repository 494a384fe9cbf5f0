import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { suite, test } from 'node:test';
import { turn } from '../../lib/system/clock.js';
import { spawnCluster } from '../../lib/testing.js';
import { bodyOf } from '../support/client.js';
import { emptyFolder, fixture } from '../support/fixtures.js';

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
});
