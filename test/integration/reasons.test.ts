import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { connect } from '../../lib/index.js';
import { deathOf } from '../../lib/protocol/death.js';
import { ask } from '../support/client.js';
import { runCommand } from '../support/command.js';
import { fixture } from '../support/fixtures.js';
import { home } from '../support/home.js';

const FAILS = fixture('apps/fails.js');

suite('the reason of a death', { concurrency: 2 }, () => {
  test('an uncaught error at run time: in the fact, in status, in the log and in why', async () => {
    using place = home(true);
    await using cluster = await place.start(FAILS);
    await ask(cluster.port, '/throw');
    const left = await cluster.waitFor('child-left');
    assert.deepEqual([deathOf(left).kind, left.wasReady, (left.livedMs ?? 0) > 0], ['error', true, true]);
    assert.match(left.lastWords?.error ?? '', /^TypeError: x is not a function\n {4}at .*fails\.js/);
    await cluster.waitFor('child-started', ({ isFirst }) => !isFirst);
    const { workers } = await (await connect(place.socket('web'))).status();
    assert.equal(workers.find(({ slot }) => slot === left.slot)?.lastExit?.reason, 'uncaught TypeError: x is not a function');
    const { stdout } = await place.run('why', 'web');
    assert.match(
      stdout,
      new RegExp(`app#${left.id} \\(pid ${left.pid}\\) died after .*: uncaught TypeError: x is not a function\\n +TypeError.*\\n +at .*fails\\.js`),
    );
    await cluster.stop();
    assert.match(place.log('web'), new RegExp(`app_worker#${left.id}:${left.pid} died after .*: uncaught TypeError: x is not a function\n.*at .*fails\\.js`));
  });

  test('an abort, and V8 out of heap memory: why finds what V8 wrote in the log', async () => {
    using place = home(true);
    await using cluster = await place.start(FAILS, { args: ['--node-option', '--max-old-space-size=40'] });
    await ask(cluster.port, '/abort');
    const aborted = await cluster.waitFor('child-left');
    assert.deepEqual([aborted.exit.signal, deathOf(aborted).kind], ['SIGABRT', 'crash']);
    await cluster.waitFor('child-started', ({ isFirst }) => !isFirst);
    await ask(cluster.port, '/heap');
    const full = await cluster.waitFor('child-left');
    assert.ok(['out-of-heap', 'crash'].includes(deathOf(full).kind));
    await cluster.waitFor('child-started');
    const { stdout } = await place.run('why', 'web');
    assert.match(stdout, new RegExp(`pid ${full.pid}\\) died after .*SIG\\w+: out of heap memory \\(--node-option`));
    assert.doesNotMatch(stdout, new RegExp(`pid ${aborted.pid}\\) died after .*: out of heap memory \\(`));
  });

  test('kill -9 by somebody else is told as that', async () => {
    using place = home();
    await using cluster = await place.start(fixture('apps/plain.js'));
    cluster.kill(cluster.workers()[0] ?? 0);
    const left = await cluster.waitFor('child-left');
    assert.notEqual(left.isOutOfMemory, true);
    assert.match(deathOf(left).text, /^killed by SIGKILL from outside/);
  });

  test('at boot: it failed while starting, with the error, and the exit code of the command', async () => {
    using place = home(true);
    const { code, stderr } = await runCommand(['start', FAILS, '--name', 'web'], { env: { ...place.env, FAILS: '1' } });
    assert.equal(code, 1);
    assert.match(stderr, /exited with code 1 before it was ready\.\nSyntaxError: the configuration is broken/);
    assert.match(stderr, /app_worker#\d+:\d+ failed while starting: uncaught SyntaxError: the configuration is broken/);
  });
});
