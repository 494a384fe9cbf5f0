import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { isAlive } from '../../lib/system/process-tree.js';
import { ask, startLoad } from '../support/client.js';
import { runCommand } from '../support/command.js';
import { COMMAND, emptyFolder, fixture } from '../support/fixtures.js';
import { gone } from '../support/gone.js';
import { type Home, home } from '../support/home.js';

const PLAIN = fixture('apps/plain.js');

/** Stops everything that runs there, whatever became of the test. */
function daemons(): Home & AsyncDisposable {
  const place = home(true);
  return Object.assign(place, {
    [Symbol.asyncDispose]: async () => {
      await place.run('stop', '--all', '--force');
      place[Symbol.dispose]();
    },
  });
}

interface Started {
  readonly pid: number;
  readonly name: string;
  readonly address: string;
}

async function daemon(place: Home, ...args: string[]): Promise<Started & { readonly port: number }> {
  const { code, stdout, stderr } = await place.run('start', ...args, '--daemon', '--port', '0', '--json');
  assert.equal(code, 0, stderr);
  const started = JSON.parse(stdout) as Started;
  return { ...started, port: Number(/:(\d+)$/.exec(started.address)?.[1]) };
}

suite('start --daemon', { concurrency: 2 }, () => {
  test('returns when it is ready, with the address, and it runs on', async () => {
    await using place = daemons();
    const { name, pid, port } = await daemon(place, PLAIN, '--name', 'web');
    assert.deepEqual([name, isAlive(pid)], ['web', true]);
    assert.equal((await ask(port)).status, 200);
    const { code, stdout } = await place.run('stop', 'web');
    assert.deepEqual([code, /^web stopped in /.test(stdout)], [0, true]);
    await gone([pid]);
    assert.deepEqual(readdirSync(join(place.path, 'run')), []);
    assert.deepEqual(
      readdirSync(join(place.path, 'state')).filter(file => file.startsWith('.boot')),
      [],
    );
  });

  test('a start that fails: at once, with the exit code and the last lines; what stderr says alone is no failure', async () => {
    await using place = daemons();
    const failed = await place.run('start', fixture('apps/throws-at-start.js'), '--daemon', '--port', '0');
    assert.equal(failed.code, 1);
    assert.match(failed.stderr, /the start failed \(exit code 1\)/);
    assert.match(failed.stderr, /before it was ready/);
    assert.equal((await place.run('start', '/nope.js', '--daemon')).code, 78);
    assert.equal((await place.run('start', PLAIN, '--daemon', '--wokers', '2')).code, 64);
    using folder = emptyFolder();
    const noisy = join(folder.path, 'noisy.js');
    writeFileSync(noisy, `process.stderr.write('a warning\\n'); require('http').createServer((q, r) => r.end()).listen(process.env.PORT);`);
    await daemon(place, noisy, '--name', 'noisy');
  });

  test('ten starts of one name: one winner, nine clear errors', async () => {
    await using place = daemons();
    const ends = await Promise.all(Array.from({ length: 10 }, () => place.run('start', PLAIN, '--workers', '1', '--daemon', '--port', '0', '--name', 'one')));
    assert.equal(ends.filter(({ code }) => code === 0).length, 1, ends.map(({ code }) => code).join(' '));
    for (const { code, stderr } of ends.filter(end => end.code !== 0)) {
      assert.equal(code, 69);
      assert.match(stderr, /The name one is taken by process \d+.*choose another --name/);
    }
  });

  test('a derived name gets a number', async () => {
    await using place = daemons();
    const names = [await daemon(place, PLAIN, '-w', '1'), await daemon(place, PLAIN, '-w', '1')].map(({ name }) => name);
    assert.equal(names[1], `${names[0]}-2`);
  });

  test('one that was started from within a worker outlives that worker', async () => {
    await using place = daemons();
    using folder = emptyFolder();
    const nest = join(folder.path, 'nest.js');
    writeFileSync(
      nest,
      `require('http').createServer((q, r) => require('child_process').execFile(process.execPath, [${JSON.stringify(COMMAND)}, 'start', ${JSON.stringify(PLAIN)}, '-d', '--name', 'inner', '-w', '1', '--port', '0'], e => r.end(String(e)))).listen(process.env.PORT);`,
    );
    const outer = await daemon(place, nest, '--name', 'outer', '-w', '1');
    assert.equal((await ask(outer.port)).body, 'null');
    await place.run('stop', 'outer');
    const [inner] = JSON.parse((await place.run('ls', '--json')).stdout) as { name: string; status: string }[];
    assert.deepEqual([inner?.name, inner?.status], ['inner', 'running']);
  });
});

suite('commands', { concurrency: 2 }, () => {
  test('ls, status, reload, scale, restart, kill, why: by name, by pid, by the only one there is', async () => {
    await using place = daemons();
    const { port, pid } = await daemon(place, PLAIN, '--name', 'web', '--workers', '2');
    const { stdout: list } = await place.run('ls');
    assert.match(list, /^name +kind +pid +status +address +up +folder\nweb +cluster +\d+ +running +http:\/\/127\.0\.0\.1:\d+ /);
    assert.equal((await place.run('ls', '--names')).stdout, 'web\n');
    assert.match((await place.run('status', String(pid))).stdout, /web {2}running/);
    const load = startLoad(port, { clients: 2 });
    assert.match((await place.run('reload')).stdout, /app#\d \(pid \d+\) ready[\s\S]*web reloaded in .*: 2 workers ready, generation 2/);
    assert.match((await place.run('scale', '3')).stdout, /web scaled in .*: 3 workers ready/);
    assert.match((await place.run('restart', 'web')).stdout, /web restarted in .*generation 3/);
    assert.deepEqual((await load.end()).failed, []);
    const { workers } = JSON.parse((await place.run('status', '--json')).stdout) as { workers: { id: number; pid: number }[] };
    const [victim] = workers;
    assert.match((await place.run('status', String(victim?.pid))).stdout, /web {2}running/); // A worker's pid means its instance.
    assert.match((await place.run('kill', 'web', `#${victim?.id}`)).stdout, new RegExp(`SIGKILL sent to process ${victim?.pid} of web`));
    await gone([victim?.pid ?? 0]);
    const { stdout: timeline } = await place.run('why', 'web');
    for (const said of [/starting app-cluster/, /reload begins/, /resized to 3 workers/, /restarted in/, /died after .*: SIGKILL by app-cluster kill/])
      assert.match(timeline, said);
    const { stdout: ports } = await place.run('ports', '--json');
    const [used] = (JSON.parse(ports) as { port: number; isOurs: boolean }[]).filter(entry => entry.port === port);
    assert.equal(used?.isOurs, true);
  });

  test('unknown and ambiguous names: the candidates, 64; nothing to ask: 64', async () => {
    await using place = daemons();
    assert.equal((await place.run('status')).code, 64);
    await daemon(place, PLAIN, '--name', 'a', '-w', '1');
    await daemon(place, PLAIN, '--name', 'b', '-w', '1');
    for (const [args, said] of [
      [['status', 'c'], /There is no instance "c"\. There are: a, b\./],
      [['status'], /Which one\? There are: a, b\./],
      [['scale', 'a'], /workers: should be a whole number/],
      [['scale', 'a', 'x'], /got "x"/],
      [['logs', 'c'], /There is no instance "c"/],
      [['kill', 'a', '99'], /There is no worker 99\. There are: #1/],
      [['stop', 'a', '--all'], /leave out a, or --all/],
      [['nope'], /unknown command 'nope'/],
    ] as const) {
      const { code, stderr } = await place.run(...args);
      assert.equal(code, 64, args.join(' '));
      assert.match(stderr, said);
      assert.ok(!/ at .*\.js/.test(stderr), stderr);
    }
    const { stdout, code } = await place.run('stop', '--all');
    assert.deepEqual([code, stdout.trim().split('\n').length], [0, 2]);
    assert.equal((await place.run('ls')).stdout, 'Nothing is running.\n');
  });

  test('a master that hangs is listed as such, and stop ends it with force', async () => {
    await using place = daemons();
    await daemon(place, PLAIN, '--name', 'stuck', '-w', '1');
    const { masterPid } = JSON.parse((await place.run('status', 'stuck', '--json')).stdout) as { masterPid: number };
    process.kill(masterPid, 'SIGSTOP');
    const { stdout } = await place.run('ls');
    assert.match(stdout, /stuck .* unreachable/);
    assert.equal((await place.run('stop', 'stuck', '--force')).code, 0);
    await gone([masterPid]);
  });

  test('ports kill: nobody listens, a foreign process, ours', async () => {
    await using place = daemons();
    const foreign = createServer().listen(0, '127.0.0.1');
    await once(foreign, 'listening');
    const { port } = foreign.address() as { port: number };
    const refused = await place.run('ports', 'kill', String(port));
    assert.equal(refused.code, 69);
    assert.match(refused.stderr, new RegExp(`Port ${port} is held by process ${process.pid} .*not proven to be ours.*--force`));
    foreign.close();
    assert.equal((await place.run('ports', 'kill', '1')).code, 64);
    const web = await daemon(place, PLAIN, '--name', 'web', '-w', '1');
    assert.match((await place.run('ports', 'kill', String(web.port))).stdout, /is free; ended/);
    await gone([web.pid]);
  });

  test('top without a terminal shows one look; doctor names what is wrong; completion is a script', async () => {
    await using place = daemons();
    await daemon(place, PLAIN, '--name', 'web', '-w', '1');
    assert.match((await place.run('top')).stdout, /1 instance, 1 worker, [\s\S]*web[\s\S]*app#1/);
    assert.ok([0, 1].includes((await place.run('doctor')).code ?? -1));
    assert.ok((JSON.parse((await place.run('doctor', '--json')).stdout) as unknown[]).length > 8);
    assert.match((await place.run('completion', 'bash')).stdout, /app-cluster ls --names/);
    assert.equal((await place.run('completion', 'tcsh')).code, 64);
  });

  test('init writes a file that start takes; one from PM2 as well; none is overwritten', async () => {
    await using place = daemons();
    using folder = emptyFolder();
    writeFileSync(join(folder.path, 'server.js'), readFileSync(PLAIN));
    writeFileSync(join(folder.path, 'package.json'), '{"type":"module"}');
    writeFileSync(
      join(folder.path, 'ecosystem.config.cjs'),
      `module.exports = { apps: [{ name: 'shop', script: 'server.js', instances: 1, max_memory_restart: '1G', watch: true }] };`,
    );
    const here = { cwd: folder.path, env: place.env };
    const { code, stdout } = await runCommand(['init', '--from-pm2', 'ecosystem.config.cjs'], here);
    assert.equal(code, 0);
    assert.match(stdout, /wrote app-cluster\.config\.mjs\n {2}note: watch/);
    assert.equal((await runCommand(['init'], here)).code, 64);
    const started = await runCommand(['start', '--daemon', '--port', '0', '--json'], here);
    assert.equal(started.code, 0, started.stderr);
    assert.equal((JSON.parse(started.stdout) as Started).name, 'shop');
  });

  test('output that nobody reads any more is no error', async () => {
    await using place = daemons();
    await daemon(place, PLAIN, '--name', 'web', '-w', '1');
    const child = spawn('sh', ['-c', `${process.execPath} ${COMMAND} doctor | head -1 >/dev/null; ${process.execPath} ${COMMAND} logs web | head -1`], {
      env: { ...process.env, ...place.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', text => {
      stderr += text;
    });
    await once(child, 'close');
    assert.equal(stderr, '');
  });
});

suite('run', { concurrency: 2 }, () => {
  test('any program: recorded, listed, stopped from elsewhere, and that is not answered by a restart', async () => {
    await using place = daemons();
    const { code } = await place.run('run', '--daemon', '--name', 'loop', '--', 'sh', '-c', 'while :; do echo tick; sleep 0.1; done');
    assert.equal(code, 0);
    const { pid, workers } = JSON.parse((await place.run('status', 'loop', '--json')).stdout) as { pid: number; workers: { pid: number }[] };
    let logs = '';
    for (const until = performance.now() + 10_000; !logs.includes('tick') && performance.now() < until; )
      logs = (await place.run('logs', String(workers[0]?.pid))).stdout;
    assert.match(logs, /tick/);
    assert.match((await place.run('ls')).stdout, /loop +run +\d+ +running/);
    assert.match((await place.run('restart', 'loop')).stdout, /restarted/);
    assert.equal((await place.run('reload', 'loop')).code, 64);
    assert.equal((await place.run('stop', 'loop')).code, 0);
    await gone([pid, ...workers.map(worker => worker.pid)]);
    assert.ok(!existsSync(place.socket('loop')));
  });

  test('a restart that a stop interrupts has not succeeded', async () => {
    await using place = daemons();
    await place.run('run', '-d', '--name', 'stubborn', '--stop-timeout', '5s', '--', 'sh', '-c', "trap '' TERM; while :; do sleep 0.1; done");
    const restart = place.run('restart', 'stubborn');
    let status = '';
    for (const until = performance.now() + 10_000; status !== 'stopping' && performance.now() < until; )
      status = (JSON.parse((await place.run('status', 'stubborn', '--json')).stdout) as { workers: { status: string }[] }).workers[0]?.status ?? '';
    assert.equal(status, 'stopping');
    assert.equal((await place.run('stop', 'stubborn')).code, 0);
    const { code, stderr } = await restart;
    assert.equal(code, 1);
    assert.match(stderr, /ERR_STOPPED/);
  });

  test('past its restarts it has failed: exit 1, and its last lines', async () => {
    await using place = daemons();
    const { code, stderr, stdout } = await place.run('run', '--max-restarts', '2', '--', 'sh', '-c', 'echo out; echo bad news >&2; exit 3');
    assert.equal(code, 1);
    assert.equal(stdout.match(/out/g)?.length, 3);
    assert.match(stderr, /died too often in a row: given up[\s\S]*Its last lines:\n[\s\S]*bad news/);
  });

  test('exit code 78 asks not to be started again; a killed one is started again', async () => {
    await using place = daemons();
    assert.equal((await place.run('run', '--', 'sh', '-c', 'exit 78')).code, 1);
    await place.run('run', '-d', '--name', 'sleeper', '--', 'sleep', '60');
    const workerOf = async () =>
      (JSON.parse((await place.run('status', 'sleeper', '--json')).stdout) as { workers: { pid: number; restarts: number }[] }).workers[0];
    const first = (await workerOf())?.pid ?? 0;
    await place.run('kill', 'sleeper', '1');
    await gone([first]);
    const until = performance.now() + 5_000;
    let second = await workerOf();
    while (second === undefined && performance.now() < until) second = await workerOf();
    assert.ok(second !== undefined && second.pid !== first);
    assert.equal(second.restarts, 1);
  });

  test('what is no program, what is no option: named, with the way out', async () => {
    await using place = daemons();
    const missing = await place.run('run', 'no-such-program');
    assert.equal(missing.code, 78);
    assert.match(missing.stderr, /no-such-program is neither a file that can be run in .* nor a command on the PATH/);
    assert.equal((await place.run('run')).code, 64);
    assert.equal((await place.run('run', '--max-restarts', 'x', '--', 'true')).code, 64);
    assert.equal((await place.run('run', '--nope', '--', 'true')).code, 64);
    assert.match((await place.run('run', '--help')).stdout, /--max-restarts/);
  });
});
