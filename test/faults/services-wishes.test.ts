import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'node:test';
import { bodyOf } from '../support/client.js';
import { fault, full } from '../support/faults/fault.js';
import { listenersOn } from '../support/faults/processes.js';
import { kill, onePort, range, Services } from '../support/faults/services.js';
import { isAlive, until } from '../support/faults/subject.js';
import { ROOT } from '../support/fixtures.js';
import { runProgram } from '../support/run-program.js';
import { program, serving } from '../support/services.js';

const ASKS = join(ROOT, 'test', 'support', 'faults', 'ask-in-one-breath.mjs');

suite('services that everybody steers at once', { concurrency: 2 }, () => {
  for (const last of ['up', 'down'] as const)
    for (const isFixed of [true, false]) {
      const port = async () => (isFixed ? await onePort() : range());
      fault(
        `50 starts and stops at once, the last one for ${last}, on ${isFixed ? 'a port of its own' : 'any port'}`,
        `it is ${last}, ${last === 'up' ? 1 : 0} processes, and wanted so`,
        async numbers => {
          await using at = new Services({ web: serving(await port()), other: serving(range()) });
          await at.up();
          const { verbs } = await at.client();
          const { port: had = 0 } = await at.service('web');
          for (let round = 1; round <= full(5, 2); round++) {
            const begin = (isUp: boolean): Promise<unknown> =>
              isUp ? verbs.startService({ service: 'web', idempotent: true }) : verbs.stopService({ service: 'web', idempotent: true });
            const isLastUp = last === 'up';
            const early = Array.from({ length: 49 }, (_, n) =>
              begin((n % 2 === 0) === isLastUp).then(
                () => 'done',
                (error: Error) => error.message,
              ),
            );
            await until('all have been heard', async () => (await at.services()).length > 0);
            await begin(isLastUp);
            const ends = await Promise.all(early);
            const others = ends.filter(end => end !== 'done' && !/something else was asked for meanwhile/.test(end));
            Object.assign(numbers, { done: ends.filter(end => end === 'done').length, overtaken: ends.filter(end => end !== 'done').length });
            assert.deepEqual(others, []);
            const { status, desired, pid, port: now } = await at.service('web');
            assert.deepEqual([status, desired], isLastUp ? ['running', 'up'] : ['down', 'down']);
            assert.deepEqual(at.processesOf('web'), isLastUp ? [pid] : []);
            numbers['processes'] = at.processesOf('web').length;
            if (isLastUp) assert.equal((JSON.parse(await bodyOf(now ?? 0)) as { pid: number }).pid, pid);
            else assert.deepEqual(listenersOn(had), []);
          }
          assert.equal((await at.service('other')).status, 'running');
        },
        { isFullOnly: !isFixed },
      );
    }

  fault('a start while its process boots, though nobody waits for that any more', 'no second process, no port taken by itself', async numbers => {
    await using at = new Services({});
    const go = at.project.write('go', '');
    const late = { exec: program('healthy-late'), env: { GO: go }, port: await onePort(), health: { http: '/', interval: '10s' } };
    at.project.describe({ late });
    await at.up();
    const { pid = 0, port = 0 } = await at.service('late');
    rmSync(go);
    kill(pid);
    await at.until('late', ({ status, pid: now }) => status === 'starting' && now !== pid);
    await until('it listens', () => listenersOn(port).length > 0);
    const start = at.run('start', 'sup/late');
    const again = () => at.facts('service-starting');
    await until('it is asked for', again, { isTrue: ({ length }) => length > 1 });
    at.project.write('go', '');
    const started = await start;
    assert.equal(started.code, 0, started.stderr);
    const now = await at.service('late');
    numbers['processes'] = at.processesOf('late').length;
    assert.deepEqual([at.processesOf('late'), now.port, now.status], [[now.pid], port, 'running']);
  });

  for (const last of ['start', 'stop'] as const)
    fault(`50 wishes in one turn of the event loop, the last one to ${last}`, 'that is what becomes of it', async numbers => {
      await using at = new Services({ web: serving(await onePort()) });
      const other = last === 'start' ? 'stop' : 'start';
      const wishes = Array.from({ length: 50 }, (_, n) => (n % 2 === 1 ? last : other));
      const ended = await runProgram(ASKS, { ...at.project.home.env, FILE: at.file, SERVICE: 'web', WISHES: wishes.join(' ') });
      const { status, desired, failures } = JSON.parse(ended.stdout) as { status: string; desired: string; failures: string[] };
      numbers['overtaken'] = failures.length;
      assert.deepEqual([status, desired], last === 'start' ? ['running', 'up'] : ['down', 'down']);
      assert.deepEqual(
        failures.filter(text => !/something else was asked for meanwhile/.test(text)),
        [],
      );
      await at.nothingLeft(1_000);
    });

  fault('a stop, then a stop --force, of a service that takes a minute to leave', 'the second one ends it at once', async numbers => {
    await using at = new Services({ slow: { exec: program('takes-its-time-to-leave'), env: { LEAVING_MS: 60_000 }, stop: { timeout: '50s' } } });
    await at.up();
    const polite = at.run('stop', 'sup/slow', '--json');
    await at.fact('service-stop-step', ({ step }) => step === 'SIGTERM');
    const askedAt = performance.now();
    assert.equal((await at.run('stop', 'sup/slow', '--force')).code, 0);
    numbers['took ms'] = Math.round(performance.now() - askedAt);
    assert.equal((JSON.parse((await polite).stdout) as { forced: number[] }).forced.length, 1);
    assert.deepEqual(at.processesOf('slow'), []);
  });

  for (const [how, words] of [
    ['down', ['down', 'sup']],
    ['SIGTERM', []],
  ] as const)
    fault(`${how} during up`, 'exit 0, nothing left, everything wanted as before', async numbers => {
      const all = Object.fromEntries(
        Array.from({ length: full(20, 6) }, (_, n) => [`s${n}`, serving(range(), n > 0 ? { dependsOn: { [`s${n >> 1}`]: n % 2 ? 'started' : 'ready' } } : {})]),
      );
      delete (all['s0'] as { dependsOn?: unknown }).dependsOn;
      await using at = new Services({ ...all, slow: { exec: program('never-healthy'), port: range(), health: { http: '/' } } });
      const up = at.launch();
      await until('some run, others do not', () => at.processesOf('s0').length > 0);
      const askedAt = performance.now();
      if (words.length > 0) assert.equal((await at.run(...words)).code, 0);
      else kill(up.pid, 'SIGTERM');
      assert.deepEqual(await up.exited, { code: 0, signal: null }, up.output());
      numbers['took ms'] = Math.round(performance.now() - askedAt);
      await at.nothingLeft(2_000);
      at.launch();
      const listed = await until('the next one knows them', () => at.services().catch(() => []), { isTrue: ({ length }) => length > 0 });
      assert.deepEqual([...new Set(listed.map(({ desired }) => desired))], ['up']);
    });

  fault(`${full(6, 3)} up at once for one file`, 'one supervisor, each service once; the others have asked it, or refuse', async numbers => {
    await using at = new Services({ web: serving(range()), db: serving(range()) });
    const ups = Array.from({ length: full(6, 3) }, (_, n) => at.launch({ words: n === 1 ? ['--name', 'other'] : ['--name', 'sup'] }));
    const ended = new Map<number, number | null>();
    for (const up of ups) void up.exited.then(({ code }) => ended.set(up.pid, code));
    await until('all but one have ended', () => ended.size >= ups.length - 1);
    const winners = ups.filter(({ pid }) => isAlive(pid));
    numbers['exit codes'] = [...ended.values()].join(' ');
    assert.equal(winners.length, 1, ups.map(({ output }) => output()).join('\n'));
    assert.ok(
      [...ended.values()].every(code => code === 0 || code === 69),
      String(numbers['exit codes']),
    );
    const name = winners[0] === ups[1] ? 'other' : 'sup';
    const processes = () => ['web', 'db'].map(service => at.processesOf(service, name).length);
    await until('both services', processes, { isTrue: counts => counts.every(count => count > 0) });
    await at.fact('supervisor-started', () => true, undefined, name);
    numbers['processes'] = processes().join(' ');
    assert.deepEqual(processes(), [1, 1]);
    const program = await runProgram(ASKS, { ...at.project.home.env, FILE: at.file, NAME: 'third', SERVICE: 'web', WISHES: 'start' });
    assert.match(program.stderr, new RegExp(`is run already, under the name ${name}: two would start everything twice`));
    assert.deepEqual([processes(), at.processesOf('web', 'third')], [[1, 1], []]);
    kill(winners[0]?.pid ?? 0, 'SIGTERM');
    await until('that one has ended', () => ended.size === ups.length);
    await at.nothingLeft(2_000);
  });
});
