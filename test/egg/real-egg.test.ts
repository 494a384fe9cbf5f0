import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { freePort } from '../../lib/system/free-port.js';
import { isAlive } from '../../lib/system/process-tree.js';
import { ask, startLoad } from '../support/client.js';
import { fixture } from '../support/fixtures.js';
import { answers, refused, STACKS, seenBy, seenWhere, startEgg, Tool } from '../support/real-egg.js';

for (const [name, { scripts }] of Object.entries(STACKS)) {
  suite(`${name} from the registry, in trouble`, { concurrency: 2 }, () => {
    test('kill -9 of an app worker under load: its own connections are lost, nobody is refused, the agent knows the new one', async () => {
      await using cluster = await startEgg(name);
      const load = startLoad(cluster.port, { clients: 8 });
      const [victim = 0] = cluster.workers();
      await ask(cluster.port);
      cluster.kill(victim);
      await cluster.waitFor('child-started', ({ role, isFirst }) => role === 'app' && !isFirst);
      await cluster.waitForMessage('app-worker-died');
      const { served, failed } = await load.end();
      assert.ok(served > 0);
      assert.ok(failed.length <= 8 && failed.every(reason => /RESET|hang up/.test(reason)), `${failed}`);
      await ask(cluster.port, '/tell-agent');
      const workers = cluster.workers().toSorted();
      const { heard } = await seenWhere(cluster.port, seen => seen.heard.some(({ apps }) => apps.length === 2 && !apps.includes(victim)));
      assert.deepEqual(heard.at(-1)?.apps.toSorted(), workers);
      const late = await seenWhere(cluster.port, ({ pid }) => pid === cluster.events.findLast(event => event.type === 'child-started')?.pid);
      assert.deepEqual([late.counts.ready, late.agents], [1, [cluster.agent()]], 'a late one is told what the others were told');
    });

    test('kill -9 of the agent: a new one, schedules go on, the shared client comes back', async () => {
      await using cluster = await startEgg(name);
      const first = cluster.agent() ?? 0;
      cluster.kill(first);
      await cluster.waitForMessage('agent-worker-died');
      const { pid } = await cluster.waitFor('child-started', ({ role, isFirst }) => role === 'agent' && !isFirst);
      const { counts } = await seenWhere(cluster.port, ({ agents }) => agents[0] === pid);
      await seenWhere(cluster.port, seen => seen.counts.all > counts.all && seen.counts.worker > counts.worker);
      await answers(cluster.port, '/shared', `greeting from ${pid}`);
    });

    test('an error that nobody caught: egg closes the worker itself, a new one takes over at once, requests in flight finish', async () => {
      await using cluster = await startEgg(name);
      const slow = ask(cluster.port, '/slow?ms=1500');
      await ask(cluster.port);
      await ask(cluster.port, '/throw');
      await cluster.waitFor('child-started', ({ role, isFirst }) => role === 'app' && !isFirst);
      assert.equal((await slow).status, 200);
    });

    test('log-reload of the rotator reaches every worker', async () => {
      await using cluster = await startEgg(name);
      const reloaded = new Set<number>();
      await seenWhere(cluster.port, ({ pid, counts }) => counts.logReload > 0 && reloaded.add(pid).size === 2);
    });

    test('SIGTERM: what was accepted finishes', async () => {
      await using cluster = await startEgg(name);
      const slow = Array.from({ length: 4 }, () => ask(cluster.port, '/slow?ms=1200'));
      await ask(cluster.port);
      cluster.kill(cluster.pid, 'SIGTERM');
      for (const { status } of await Promise.all(slow)) assert.equal(status, 200);
      assert.deepEqual(await cluster.exited, { code: 0, signal: null });
      assert.ok(!cluster.events.some(event => event.type === 'child-forked' && isAlive(event.pid)));
    });

    test('SIGHUP: a rolling reload under load loses nothing', async () => {
      await using cluster = await startEgg(name);
      const load = startLoad(cluster.port, { clients: 8, keepAlive: true });
      await ask(cluster.port);
      cluster.kill(cluster.pid, 'SIGHUP');
      await cluster.waitFor('cluster-reloaded');
      const { served, failed } = await load.end();
      assert.ok(served > 0);
      assert.deepEqual(failed, []);
    });

    test('worker_threads: two threads on one port, messages, schedules, close hooks', async () => {
      await using cluster = await startEgg(name, { startMode: 'worker_threads' });
      const threads = new Set<number>();
      await seenWhere(cluster.port, ({ threadId }) => threads.add(threadId).size === 2);
      assert.deepEqual([...threads].toSorted(), cluster.workers().toSorted());
      await ask(cluster.port, '/tell-agent');
      await seenWhere(cluster.port, ({ heard, counts }) => heard.length > 0 && counts.all > 0);
      assert.deepEqual(await cluster.stop(), { code: 0, signal: null });
      assert.equal(cluster.output().match(/^app closed$/gm)?.length, 2);
    });

    test('https without a port is 8443, although the configuration of egg itself says 7001', async () => {
      const https = { key: fixture('tls/key.pem'), cert: fixture('tls/cert.pem') };
      await using cluster = await startEgg(name, { https, port: null });
      const { data } = await cluster.waitForMessage('egg-ready'); // The line may still be in the pipe.
      assert.equal((data as { address: string }).address, 'https://127.0.0.1:8443');
    });

    test('sticky: served through the master, clients kept', async () => {
      await using cluster = await startEgg(name, { sticky: true });
      const pids = new Set<number>();
      for (let i = 0; i < 10; i++) pids.add((await seenBy(cluster.port)).pid);
      assert.equal(pids.size, 1);
      assert.match(cluster.output(), /with STICKY MODE!/);
    });

    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      test(`${scripts} start in the foreground: ${signal} to the whole terminal group ends all of it in order`, async () => {
        const port = await freePort(0);
        await using start = new Tool(name, [scripts, 'start', `--title=foreground-${signal}`, '--workers=2', `--port=${port}`]);
        await start.says(/egg started on http/);
        start.signalGroup(signal);
        await start.says(/\[master\] exit with code:0/);
        await start.exited;
        assert.equal(start.output.match(/^app closed$/gm)?.length, 2);
        await refused(port);
      });
    }
  });
}
