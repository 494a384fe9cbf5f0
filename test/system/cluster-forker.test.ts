import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fixture } from '../support/fixtures.js';

/** In a process of its own: cfork and cluster are global. */
function inMaster(script: string): unknown {
  const forker = new URL('../../lib/system/cluster-forker.js', import.meta.url).href;
  const source = `
    import cluster from 'node:cluster';
    import { ClusterForker } from ${JSON.stringify(forker)};
    const said = [];
    const forker = new ClusterForker({ file: ${JSON.stringify(fixture('apps/environment.js'))}, args: [], execArgv: [], env: { SHARED: 'yes' } }, (level, text) => said.push({ level, text }));
    const fork = (slot, replacesPid) => forker.fork({ slot, count: 2, env: { OWN: String(slot), PORT: '0' }, mark: 'test.' + slot, replacesPid });
    const watch = child => new Promise(resolve => {
      const heard = [];
      child.watch({ onMessage: () => {}, onInternal: () => false, onListening: () => { heard.push('listening'); child.signal('SIGKILL'); }, onDisconnect: () => heard.push('disconnect'), onError: () => {}, onExit: exit => heard.push(exit), onSettled: () => resolve(heard) });
    });
    const result = await (async () => { ${script} })();
    console.log(JSON.stringify(result));
    process.exit(0);`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', source], { encoding: 'utf8', timeout: 20_000 });
  assert.ok(stdout, stderr);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}

test('cfork forks, slot by slot, and does not re-fork by itself', () => {
  const seen = inMaster(`
    const child = fork(1);
    const heard = await watch(child);
    await new Promise(setImmediate);
    return { heard: heard.filter(one => one !== 'disconnect'), left: Object.keys(cluster.workers).length, said };`);
  assert.deepEqual(seen, { heard: ['listening', { code: null, signal: 'SIGKILL' }], left: 0, said: [] });
});

test('a re-fork is told in the words of cfork, and nothing else goes to the console', () => {
  const { said, env } = inMaster(`
    const child = fork(1, 4242);
    const env = await new Promise(resolve => cluster.on('fork', worker => resolve(worker.process.spawnargs.length > 0)));
    await watch(child);
    return { said, env };`) as { said: { level: string; text: string }[]; env: boolean };
  assert.equal(env, true);
  assert.match(
    said.map(({ text }) => text).join('\n'),
    /\[cfork:master:\d+\] worker:4242 disconnect[\s\S]*\[cfork:master:\d+\] new worker:\d+ fork \(state: none/,
  );
});

test('cfork leaves no listener of last resort behind that would keep a broken master alive', () => {
  const seen = inMaster(`
    await watch(fork(0));
    await new Promise(setImmediate);
    return { uncaught: process.listenerCount('uncaughtException'), events: ['unexpectedExit', 'reachReforkLimit'].map(event => cluster.listenerCount(event)) };`);
  assert.deepEqual(seen, { uncaught: 0, events: [0, 0] });
});

test('a fork that fails is an exit, not an exception', () => {
  const seen = inMaster(`
    const broken = new ClusterForker({ file: 'x', args: [], execArgv: [], env: {}, cwd: '/nope/nowhere' }, () => {});
    const child = broken.fork({ slot: 0, count: 1, env: {}, mark: 'test.0' });
    const heard = await watch(child);
    return heard.find(one => typeof one === 'object');`) as { error?: string };
  assert.match(seen.error ?? '', /ENOENT/);
});
