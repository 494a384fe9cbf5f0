import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { isAlive } from '../../lib/system/process-tree.js';
import { ask, bodyOf } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { fixture } from '../support/fixtures.js';
import { gone } from '../support/gone.js';
import { program, project, serving } from '../support/services.js';

const CONDITIONS = (all: readonly { readonly name: string; readonly status: string }[]) => Object.fromEntries(all.map(({ name, status }) => [name, status]));

suite('up, down', { concurrency: 2 }, () => {
  test('starts what is described, each with its port, and ends all of it: nothing is left', async () => {
    await using at = project({
      web: serving(),
      loop: { exec: program('sleeps') },
      api: { cluster: { entry: fixture('apps/plain.js'), workers: 1 }, port: 'auto' },
    });
    await at.up();
    const services = await at.services();
    assert.deepEqual(CONDITIONS(services), { web: 'running', loop: 'running', api: 'running' });
    const [web, , api] = services;
    assert.equal((JSON.parse(await bodyOf(web?.port ?? 0)) as { pid: number }).pid, web?.pid);
    assert.equal((await ask(api?.port ?? 0)).status, 200);
    const pids = services.flatMap(({ pid }) => pid ?? []);
    const { code, stdout } = await at.run('down', 'sup');
    assert.deepEqual([code, /^sup is down after /.test(stdout)], [0, true]);
    await gone(pids);
    assert.deepEqual(readdirSync(join(at.home.path, 'run')), []);
  });

  test('in the order of dependencies, and stopped in reverse', async () => {
    await using at = project({
      third: serving('auto', { dependsOn: { second: 'ready' } }),
      second: serving('auto', { dependsOn: { first: 'ready' } }),
      first: serving(),
    });
    await at.up();
    await at.run('down', 'sup');
    const { stdout } = await at.run('why', 'sup', '--json');
    const told = (JSON.parse(stdout) as { event: { type: string; service?: string } }[]).map(({ event }) => event);
    const of = (type: string) => told.filter(event => event.type === type).map(({ service }) => service);
    assert.deepEqual(of('service-started'), ['first', 'second', 'third']);
    assert.deepEqual(of('service-stopped'), ['third', 'second', 'first']);
  });

  test('one that does not start: the others do, the command fails and says why, what waits for it waits', async () => {
    await using at = project({
      web: serving(),
      bad: { exec: program('dies'), port: 'auto', restart: { maxFailures: 0 } },
      needy: { exec: program('sleeps'), dependsOn: { bad: 'ready' } },
    });
    const { stderr } = await at.up(1);
    assert.match(stderr, /bad did not start: exit code 3/);
    assert.deepEqual(CONDITIONS(await at.services()), { web: 'running', bad: 'failed', needy: 'waiting' });
  });

  test('what waited is started when what it waits for is there', async () => {
    await using at = project({
      late: serving('auto', { exec: './late.sh', restart: { delays: { first: '300ms' } } }),
      needy: { exec: program('sleeps'), dependsOn: { late: 'ready' } },
    });
    at.write('late.sh', `#!/bin/sh\n[ -e ${at.folder}/there ] && exec node ${program('serves')}\ntouch ${at.folder}/there\nexit 1\n`, 0o755);
    await at.up(1);
    await at.until('needy', ({ running }) => running);
  });

  test('a program that is not there is a named error at once; so are a variable that is not set and a folder that is missing', async () => {
    await using at = project({
      nowhere: { exec: './nowhere' },
      homeless: { exec: program('sleeps'), cwd: './missing' },
      unset: { exec: program('sleeps'), args: ['${env:NO_SUCH_VARIABLE_AT_ALL}'] },
    });
    const { stderr } = await at.up(1);
    assert.match(stderr, /nowhere: .*nowhere is neither a file/);
    assert.match(stderr, /homeless: its folder .*missing does not exist/);
    assert.match(stderr, /unset: \$\{env:NO_SUCH_VARIABLE_AT_ALL\}: the environment variable NO_SUCH_VARIABLE_AT_ALL is not set/);
  });

  test('texts are filled in: port, host, home, variables, a dollar sign', async () => {
    await using at = project({
      web: serving('auto', { args: ['${port}', '${host}', '${home}', '${env:GIVEN_HERE}', '$$x'], env: { GIVEN: 'p${port}' }, envFile: 'given.env' }),
    });
    at.write('given.env', 'GIVEN_HERE=there\n');
    await at.up();
    const { port = 0 } = await at.service('web');
    const { args, given } = JSON.parse(await bodyOf(port)) as { args: string[]; given: string };
    assert.deepEqual([args, given], [[String(port), '127.0.0.1', at.folder, 'there', '$x'], `p${port}`]);
  });

  test('what has done its work is completed, and is no failure', async () => {
    await using at = project({ once: { exec: program('done') }, web: serving('auto', { dependsOn: { once: 'ready' } }) });
    await at.up();
    assert.deepEqual(CONDITIONS(await at.services()), { once: 'completed', web: 'running' });
  });
});

suite('a service, from any terminal', { concurrency: 2 }, () => {
  test('stop means: not wanted any more; a new supervisor leaves it down; start means the opposite', async () => {
    await using at = project({ web: serving(), loop: { exec: program('sleeps') } });
    await at.up();
    const { pid = 0 } = await at.service('loop');
    assert.equal((await at.run('stop', 'sup/loop')).code, 0);
    await gone([pid]);
    const again = await at.run('stop', 'sup/loop');
    assert.deepEqual([again.code === 0, again.stderr.includes('loop: service not running')], [false, true]);
    assert.equal((await at.run('stop', 'sup/loop', '--idempotent')).code, 0);
    await at.run('down', 'sup');
    await at.up();
    assert.deepEqual(CONDITIONS(await at.services()), { web: 'running', loop: 'down' });
    assert.match((await at.run('start', 'sup/loop')).stdout, /^sup\/loop running after /);
    const twice = await at.run('start', '--service', 'sup/loop');
    assert.deepEqual([twice.code, twice.stderr.includes('loop: service is running')], [69, true]);
    assert.equal((await at.run('start', '--service', 'sup/loop', '--idempotent')).code, 0);
    await at.run('down', 'sup');
    await at.up();
    assert.deepEqual(CONDITIONS(await at.services()), { web: 'running', loop: 'running' });
  });

  test('restart: another process on the same port; its number of restarts by itself stays', async () => {
    await using at = project({ web: serving() });
    await at.up();
    const before = await at.service('web');
    assert.equal((await at.run('restart', 'sup/web')).code, 0);
    const after = await at.service('web');
    assert.deepEqual([after.port, after.restarts, after.pid === before.pid, isAlive(before.pid ?? 0)], [before.port, 0, false, false]);
  });

  test('killed: it is started again, and says why', async () => {
    await using at = project({ web: serving() });
    await at.up();
    const { pid = 0 } = await at.service('web');
    process.kill(pid, 'SIGKILL');
    const after = await at.until('web', ({ running, restarts }) => running && restarts === 1);
    assert.match(after.lastExit?.reason ?? '', /SIGKILL/);
    assert.match((await at.run('why', 'sup/web')).stdout, /process \d+ .*SIGKILL/);
  });

  test('ls shows it, logs shows what it wrote and nothing else, events what became of it', async () => {
    await using at = project({ web: serving(), loop: { exec: program('sleeps') } });
    await at.up();
    const { stdout } = await at.run('ls', '--json');
    assert.deepEqual(
      (JSON.parse(stdout) as { name: string; kind: string; status: string }[]).map(({ name, kind, status }) => [name, kind, status]),
      [
        ['sup', 'supervisor', 'running'],
        ['sup/web', 'service', 'running'],
        ['sup/loop', 'service', 'running'],
      ],
    );
    assert.match((await at.run('logs', 'sup/loop')).stdout, /asleep/);
    assert.doesNotMatch((await at.run('logs', 'sup/loop')).stdout, /listening/);
    assert.match((await at.run('events', 'sup/web')).stdout, /web: started on http/);
    assert.match((await at.run('status', 'sup/web')).stdout, /health +ok/);
  });

  test('unknown names are refused, with what there is', async () => {
    await using at = project({ web: serving() });
    await at.up();
    const { code, stderr } = await at.run('stop', 'sup/wev');
    assert.deepEqual([code, stderr.includes('Did you mean web?')], [64, true]);
    for (const verb of ['logs', 'why', 'events', 'status']) assert.equal((await at.run(verb, 'sup/nobody')).code, 64, verb);
    const nameless = await at.run('start', '--service');
    assert.deepEqual([nameless.code, /should be followed by one name/.test(nameless.stderr)], [64, true]);
    assert.equal((await at.run('stop', 'sup/')).code, 64);
    assert.match((await at.run('start', 'nobody/web')).stderr, /There is no service "nobody\/web".*Supervisors that run: sup/);
  });
});

suite('up again', { concurrency: 2 }, () => {
  test('plan says what it would do, and it does just that', async () => {
    await using at = project({ stays: serving(), changes: serving(), goes: { exec: program('sleeps') } });
    await at.up();
    const before = await at.services();
    at.describe({ stays: serving(), changes: serving('auto', { args: ['new'] }), comes: { exec: program('sleeps') } });
    const plan = JSON.parse((await at.run('plan', 'sup', '--json')).stdout) as { service: string; act: string }[];
    assert.deepEqual(Object.fromEntries(plan.map(({ service, act }) => [service, act])), { stays: 'none', changes: 'restart', comes: 'start', goes: 'stop' });
    await at.up();
    const after = await at.services();
    const pidIn = (all: typeof before, name: string) => all.find(service => service.name === name)?.pid;
    assert.equal(pidIn(after, 'stays'), pidIn(before, 'stays'));
    assert.notEqual(pidIn(after, 'changes'), pidIn(before, 'changes'));
    assert.deepEqual(CONDITIONS(after), { stays: 'running', changes: 'running', comes: 'running' });
    await gone([pidIn(before, 'goes') ?? 0]);
    assert.match((await at.up()).stdout, /nothing has changed/);
  });

  test('plan says it also where nothing runs yet', async () => {
    await using at = project({ web: serving(), idle: { exec: program('sleeps'), desired: 'down' }, lost: { exec: './nowhere' } });
    const { stdout, stderr } = await at.run('plan', join(at.folder, 'app-cluster.services.json'), '--json');
    const plan = JSON.parse(stdout || stderr) as { service: string; act: string; reason: string }[];
    assert.deepEqual(Object.fromEntries(plan.map(({ service, act }) => [service, act])), { web: 'start', idle: 'none', lost: 'start' });
    assert.match(plan.find(({ service }) => service === 'lost')?.reason ?? '', /nowhere is neither a file/);
  });

  test('a broken file changes nothing, and is named with its line', async () => {
    await using at = project({ web: serving() });
    await at.up();
    const { pid } = await at.service('web');
    at.write('app-cluster.services.json', '{\n  "services": {\n    "web": {"exek": "x"}\n  }\n}\n');
    const { stderr } = await at.up(78);
    assert.match(stderr, /app-cluster\.services\.json:3:\d+: .*unknown key "exek": did you mean "exec"\?/);
    assert.equal((await at.service('web')).pid, pid);
  });

  test('a name starts one that was not wanted', async () => {
    await using at = project({ web: serving(), extra: { exec: program('sleeps'), desired: 'down' } });
    await at.up();
    assert.equal((await at.service('extra')).status, 'down');
    await at.up(0, 'extra');
    assert.equal((await at.service('extra')).status, 'running');
  });
});

suite('ports', { concurrency: 2 }, () => {
  test('never two services on one, of one supervisor or of several', async () => {
    await using at = project({ a: serving(), b: serving(), c: serving() });
    await using other = project({ a: serving(), b: serving() });
    await Promise.all([at.up(), other.up()]);
    const ports = [...(await at.services()), ...(await other.services())].map(({ port }) => port);
    assert.equal(new Set(ports).size, 5, ports.join(' '));
  });

  test('the last one is kept; when it is not free any more the next one is taken', async () => {
    await using at = project({ web: serving() });
    await at.up();
    const { port: first = 0 } = await at.service('web');
    await at.run('down', 'sup');
    await at.up();
    assert.equal((await at.service('web')).port, first);
    await at.run('down', 'sup');
    const holder = createServer().listen(first, '127.0.0.1');
    await once(holder, 'listening');
    await at.up();
    assert.notEqual((await at.service('web')).port, first);
    holder.close();
  });

  test('a fixed one that is taken: refused, its holder named', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as { port: number };
    await using at = project({ web: serving(port) });
    const { stderr } = await at.up(1);
    assert.match(stderr, new RegExp(`web: port ${port} on 127.0.0.1 is taken by pid ${process.pid}`));
    holder.close();
  });
});

const has = (command: string) => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;

test('a Python server, a shell script, a cluster, and redis where it is installed, in one YAML file', async () => {
  await using at = project();
  at.write(
    'mixed.yaml',
    [
      'services:',
      ...(has('python3')
        ? ['  files: {exec: python3, args: [-m, http.server, "${port}", --bind, 127.0.0.1], port: auto, health: {http: /, interval: 1s}} # any language']
        : []),
      ...(has('redis-server') ? ['  store: {exec: redis-server, args: [--port, "${port}", --save, ""], port: {from: 16379}, health: {tcp: true}}'] : []),
      '  script:',
      '    exec: ./script.sh',
      `  api: {cluster: {entry: ${fixture('apps/plain.js')}, workers: 1}, port: {from: 17001}, dependsOn: {script: started}}`,
    ].join('\n'),
  );
  at.write('script.sh', '#!/bin/sh\nwhile :; do echo tick; sleep 0.2; done\n', 0o755);
  const up = await at.run('up', join(at.folder, 'mixed.yaml'), '--name', 'sup', '--daemon');
  assert.equal(up.code, 0, up.stderr);
  const services = await at.services();
  assert.ok(services.every(({ running }) => running));
  for (const { name, url } of services.filter(service => service.url !== undefined && service.name !== 'store'))
    assert.equal((await fetch(url ?? '')).status, 200, name);
  await eventually(async () => /tick/.test((await at.run('logs', 'sup/script')).stdout));
  const pids = services.flatMap(({ pid }) => pid ?? []);
  assert.equal((await at.run('down', 'sup')).code, 0);
  await gone(pids);
});

test('after kill −9 of the supervisor services run on, and the next one adopts them: nothing is started twice, logs flow on', async () => {
  await using at = project({
    web: serving(),
    loop: { exec: program('sleeps') },
    api: { cluster: { entry: fixture('apps/plain.js'), workers: 1 }, port: 'auto' },
  });
  await at.up();
  const before = await at.services();
  const pids = before.flatMap(({ pid }) => pid ?? []);
  const supervisor = at.pid();
  process.kill(supervisor, 'SIGKILL');
  await gone([supervisor]);
  assert.ok(pids.every(isAlive));
  await at.up();
  const after = await at.services();
  assert.deepEqual(
    after.map(({ pid }) => pid),
    before.map(({ pid }) => pid),
  );
  assert.deepEqual(CONDITIONS(after), { web: 'running', loop: 'running', api: 'running' });
  await at.run('down', 'sup');
  await gone(pids);
});

test('the file may be run under one name only', async () => {
  await using at = project({ web: serving() });
  await at.up();
  const { code, stderr } = await at.run('up', join(at.folder, 'app-cluster.services.json'), '--name', 'other', '--daemon');
  assert.deepEqual([code, /is run already, under the name sup/.test(stderr)], [69, true]);
  assert.equal(existsSync(join(at.home.path, 'run', 'other.json')), false);
});
