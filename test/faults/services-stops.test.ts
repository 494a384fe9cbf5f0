import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'node:test';
import { ask } from '../support/client.js';
import { fault, full } from '../support/faults/fault.js';
import { kill, onePort, range, Services } from '../support/faults/services.js';
import { isAlive, until } from '../support/faults/subject.js';
import { program, serving } from '../support/services.js';

const STUBBORN = (more = {}) => ({ exec: program('ignores-sigterm'), stop: { timeout: '60s' }, ...more });
/** Of the supervisor under test, in bytes. */
const MOST_RSS = 160 * 2 ** 20;

suite('stops of many services', { concurrency: 2 }, () => {
  fault('a budget of 1 s, and services that would take a minute', 'all gone within 6 s, each killed by name, exit 0', async numbers => {
    const chain = { a: STUBBORN(), b: STUBBORN({ dependsOn: { a: 'ready' } }), c: STUBBORN({ dependsOn: { b: 'ready' } }), web: serving(range()) };
    await using at = new Services(chain, { stopTimeout: '1s' });
    const up = await at.up();
    const pids = (await at.services()).filter(({ name }) => name !== 'web').map(({ pid }) => pid ?? 0);
    const askedAt = performance.now();
    const { code, stdout } = await at.run('down', 'sup', '--json');
    numbers['took ms'] = Math.round(performance.now() - askedAt);
    const { forced, remains } = JSON.parse(stdout) as { forced: number[]; remains: string[] };
    numbers['forced'] = forced.length;
    assert.deepEqual([code, remains, forced.toSorted(), await up.exited], [0, [], pids.toSorted(), { code: 0, signal: null }]);
    assert.ok(numbers['took ms'] < 6_000, `${numbers['took ms']} ms`);
    await at.nothingLeft(1_000);
  });

  fault('a budget of 1 s, and a stop that had been asked for before', 'that one is forced, too', async numbers => {
    await using at = new Services({ slow: STUBBORN() }, { stopTimeout: '1s' });
    const up = await at.up();
    const earlier = at.run('stop', 'sup/slow');
    await at.fact('service-stop-step', () => true);
    const askedAt = performance.now();
    kill(up.pid, 'SIGTERM');
    assert.deepEqual(await up.exited, { code: 0, signal: null });
    numbers['took ms'] = Math.round(performance.now() - askedAt);
    assert.ok(numbers['took ms'] < 6_000, `${numbers['took ms']} ms`);
    await earlier;
    await at.nothingLeft(1_000);
  });

  fault('a port that is still held after a stop', 'exit 1 and the holder named; the others are gone', async numbers => {
    const escapes = { exec: program('escapes-with-its-port'), health: { http: '/', interval: '100ms' } };
    await using at = new Services({ bad: { ...escapes, port: await onePort() }, web: serving(range()), loop: { exec: program('sleeps') } });
    const up = await at.up();
    const escaped = Number(await until('it has escaped', () => /escaped (\d+)/.exec(at.log())?.[1]));
    try {
      const others = (await at.services()).filter(({ name }) => name !== 'bad').map(({ pid }) => pid ?? 0);
      const { code, stdout } = await at.run('down', 'sup');
      assert.deepEqual([code, (await up.exited).code], [1, 1]);
      assert.match(stdout, new RegExp(`bad: port \\d+ is still held by process ${escaped} `));
      assert.match(stdout, /did not stop completely/);
      numbers['others left'] = others.filter(isAlive).length;
      assert.equal(numbers['others left'], 0);
    } finally {
      kill(escaped);
    }
  });

  fault('a stop command that fails, and one that hangs', 'the signal follows, the others do not wait, exit 0', async numbers => {
    const failing = { exec: program('sleeps'), stop: { command: ['false'], timeout: '1s' } };
    const hanging = { exec: program('sleeps'), stop: { command: ['sleep', '100'], timeout: '1s' } };
    await using at = new Services({ failing, hanging, web: serving(range()) }, { stopTimeout: '3s' });
    const up = await at.up();
    const askedAt = performance.now();
    kill(up.pid, 'SIGTERM');
    assert.deepEqual(await up.exited, { code: 0, signal: null });
    numbers['took ms'] = Math.round(performance.now() - askedAt);
    assert.ok(numbers['took ms'] < 6_000, `${numbers['took ms']} ms`);
    assert.match(up.output(), /failing\] stop command: .*\n(.*\n)*.*failing\] SIGTERM/);
    await at.nothingLeft(1_000);
  });

  const seconds = full(15, 3);
  fault(
    `a service that writes without end, for ${seconds} s`,
    'the others answer within 1 s; RSS of the supervisor < 160 MB, log < 3 MB; it stops',
    async numbers => {
      const flood = { exec: program('writes-without-end'), port: range() };
      await using at = new Services({ flood, web: serving(range()) });
      const up = await at.up({ words: ['--name', 'sup', '--log-max-size', '256K', '--log-keep', '3', '--log-total-size', '1M'] });
      const { port = 0 } = await at.service('web');
      const startedAt = performance.now();
      const took: number[] = [];
      let rss = 0;
      while (performance.now() - startedAt < seconds * 1_000) {
        const askedAt = performance.now();
        assert.equal((await ask(port, '/health')).status, 200);
        await at.services();
        took.push(performance.now() - askedAt);
        rss = Math.max(rss, rssOf(up.pid));
      }
      const [pid = 0] = at.processesOf('flood');
      numbers['written MB/s'] = Math.round(writtenBy(pid) / 2 ** 20 / seconds);
      const log = folderBytes(join(at.project.home.path, 'state', 'sup', 'log'));
      const stopped = performance.now();
      kill(up.pid, 'SIGTERM');
      assert.deepEqual(await up.exited, { code: 0, signal: null });
      Object.assign(numbers, { answers: took.length, 'slowest ms': Math.round(Math.max(...took)), 'RSS MB': Math.round(rss / 2 ** 20) });
      Object.assign(numbers, { 'log MB': Math.round(log / 2 ** 18) / 4, 'stop ms': Math.round(performance.now() - stopped) });
      assert.ok(rss < MOST_RSS, `${rss} bytes`);
      assert.ok(log < 3 * 2 ** 20, `${log} bytes`);
      assert.ok(Math.max(...took) < 1_000, `${Math.max(...took)} ms`);
      await at.nothingLeft(2_000);
    },
  );
});

const rssOf = (pid: number): number => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
const writtenBy = (pid: number): number => Number(/^wchar:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1] ?? 0);
const folderBytes = (folder: string): number => readdirSync(folder).reduce((sum, name) => sum + sizeOf(join(folder, name)), 0);

function sizeOf(path: string): number {
  try {
    return statSync(path).size;
  } catch {
    return 0; // Rotated away meanwhile.
  }
}
