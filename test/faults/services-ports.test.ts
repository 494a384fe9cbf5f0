import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { suite } from 'node:test';
import { bodyOf } from '../support/client.js';
import { fault } from '../support/faults/fault.js';
import { listenersOn } from '../support/faults/processes.js';
import { kill, onePort, range, Services } from '../support/faults/services.js';
import { isAlive, until } from '../support/faults/subject.js';
import { program, serving } from '../support/services.js';

const QUICK = { interval: '100ms', timeout: '300ms', startTimeout: '3s' };

/** Somebody else who is quicker, and answers every question with 200. */
async function foreignOn(port: number): Promise<Server & AsyncDisposable> {
  const server = createServer((_request, response) => response.end('foreign'));
  await once(server.listen(port, '127.0.0.1'), 'listening');
  const close = async () => {
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
  };
  return Object.assign(server, { [Symbol.asyncDispose]: close });
}

async function foreignAfter(pid: number, port: number): ReturnType<typeof foreignOn> {
  kill(pid);
  await until('it is dead', () => !isAlive(pid));
  await until('its port is free', () => listenersOn(port).length === 0); // A moment later: its threads have it, too.
  return foreignOn(port);
}

/** A process that is nobody's service. */
function stranger(...words: string[]): ChildProcess & Disposable {
  const [file = '', ...args] = words;
  const started = spawn(file, args, { stdio: 'ignore' });
  return Object.assign(started, { [Symbol.dispose]: () => void started.kill('SIGKILL') });
}

suite('ports that somebody else takes', { concurrency: 2 }, () => {
  fault('a port taken between the check and the start', 'the next one is taken; a fixed one: an error that names who has it', async numbers => {
    await using at = new Services({});
    const [go, fixed] = [join(at.folder, 'go'), await onePort()];
    const late = { exec: program('binds-late'), env: { GO: go }, desired: 'down', health: { ...QUICK, http: '/' } };
    at.project.describe({ any: { ...late, port: range() }, own: { ...late, port: fixed } });
    await at.up();
    for (const name of ['any', 'own']) {
      const started = at.run('start', `sup/${name}`);
      const { port = 0 } = await at.fact('service-starting', ({ service }) => service === name);
      await until('it is forked', () => at.processesOf(name).length > 0);
      await using _ = await foreignOn(port);
      writeFileSync(go, '');
      const { code, stderr } = await started;
      const now = await at.service(name);
      if (name === 'any') {
        numbers['another port'] = (now.port ?? 0) - port;
        assert.deepEqual([code, now.status, now.port !== port], [0, 'running', true], stderr);
        assert.equal(await bodyOf(now.port ?? 0), 'ok');
      } else {
        assert.equal(code, 1);
        assert.match(stderr, new RegExp(`own did not start: exit code 1 .*; its port ${port} is held by pid ${process.pid} `));
        numbers['named'] = 1;
      }
      rmSync(go);
    }
  });

  fault('a foreign process that answers on the port of one that never listens', 'never running, never healthy', async numbers => {
    const port = await onePort();
    await using at = new Services({});
    const go = join(at.folder, 'never');
    at.project.describe({
      mute: { exec: program('binds-late'), env: { GO: go }, port, desired: 'down', health: { ...QUICK, startTimeout: '1500ms', http: '/' } },
    });
    await at.up();
    const started = at.run('start', 'sup/mute');
    await until('it is forked', () => at.processesOf('mute').length > 0);
    await using _ = await foreignOn(port);
    const { code, stderr } = await started;
    numbers['foreign answers'] = (await bodyOf(port)).length > 0 ? 1 : 0;
    assert.equal(code, 1);
    assert.match(stderr, /mute did not start: it was not healthy within 1500 ms \(another process answers on port \d+\)/);
    assert.deepEqual(await at.facts('service-started'), []);
  });

  fault('a foreign process that takes the port of one that is dead', 'another port; a fixed one is waited for, and never believed', async numbers => {
    const restart = { delays: { first: '1s', longest: '1s' } };
    await using at = new Services({ any: serving(range(), { restart }), own: serving(await onePort(), { restart }) });
    await at.up();
    const [any, own] = await at.services();
    const own0 = await foreignAfter(own?.pid ?? 0, own?.port ?? 0);
    await using _ = await foreignAfter(any?.pid ?? 0, any?.port ?? 0);
    const anyNow = await at.until('any', seen => seen.running && seen.pid !== any?.pid);
    assert.notEqual(anyNow.port, any?.port);
    await at.until('own', ({ restarts }) => restarts >= 2);
    assert.notEqual((await at.service('own')).status, 'running');
    await own0[Symbol.asyncDispose]();
    const ownNow = await at.until('own', ({ running }) => running);
    Object.assign(numbers, { 'any: other port': (anyNow.port ?? 0) - (any?.port ?? 0), 'own: restarts': ownNow.restarts });
    assert.equal(ownNow.port, own?.port);
  });
});

suite('pids that somebody else has', { concurrency: 2 }, () => {
  fault('a pid file that names a foreign live process', 'it is never signalled, and the service is started', async numbers => {
    using foreign = stranger('sleep', '1000');
    await using at = new Services({});
    using namesake = stranger(process.execPath, '-e', 'setInterval(() => {}, 60_000)', program('serves'), at.folder);
    for (const [name, { pid }] of Object.entries({ a: foreign, b: namesake })) writeFileSync(join(at.folder, `${name}.pid`), `${pid}`);
    utimesSync(join(at.folder, 'b.pid'), 1, 1); // Written long before that process was born: its pid was another's then.
    at.project.describe({ a: serving(range(), { pidFile: 'a.pid' }), b: serving(range(), { pidFile: 'b.pid' }) });
    const up = await at.up();
    const services = await at.services();
    assert.deepEqual(
      services.map(({ status, isOwned, pid }) => [status, isOwned, pid === foreign.pid || pid === namesake.pid]),
      Array.from({ length: 2 }, () => ['running', true, false]),
    );
    assert.deepEqual(
      ['a', 'b'].map(name => existsSync(join(at.folder, `${name}.pid`))),
      [false, false],
    );
    kill(up.pid, 'SIGTERM');
    assert.deepEqual(await up.exited, { code: 0, signal: null });
    numbers['foreign alive'] = [foreign, namesake].filter(({ pid }) => isAlive(pid ?? 0)).length;
    assert.equal(numbers['foreign alive'], 2);
  });

  fault('a state file, a port book and a lock that name a foreign live process', 'it is never signalled, and everything starts', async numbers => {
    using foreign = stranger('sleep', '1000');
    const port = await onePort();
    await using at = new Services({ web: serving(port) });
    const folders = { services: join(at.project.home.path, 'state', 'sup', 'services'), run: join(at.project.home.path, 'run') };
    for (const folder of Object.values(folders)) mkdirSync(folder, { recursive: true, mode: 0o700 });
    const bootId = 'another-boot';
    const holder = { pid: foreign.pid, startTime: '1', bootId };
    const observed = { ...holder, mark: `${foreign.pid}-1-000000-00000000.s1`, startedAt: 1 };
    writeFileSync(join(folders.services, 'web.json'), JSON.stringify({ version: 1, name: 'web', desired: 'up', port, observed }));
    writeFileSync(join(folders.run, 'ports.book'), JSON.stringify([{ port, host: '127.0.0.1', service: 'other/web', holder }]));
    writeFileSync(join(folders.run, 'ports.book.lock'), JSON.stringify(holder));
    const up = await at.up();
    assert.equal((await at.service('web')).status, 'running');
    const cleaned = await at.run('cleanup');
    assert.equal(cleaned.code, 0);
    kill(up.pid, 'SIGTERM');
    assert.deepEqual(await up.exited, { code: 0, signal: null });
    numbers['foreign alive'] = Number(isAlive(foreign.pid ?? 0));
    assert.deepEqual([numbers['foreign alive'], listenersOn(port)], [1, []]);
  });
});
