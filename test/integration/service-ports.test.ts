import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Client } from '../../lib/control/client.js';
import type { PortStatus } from '../../lib/protocol/snapshot.js';
import { isAlive } from '../../lib/system/process-tree.js';
import { fixture } from '../support/fixtures.js';
import { gone } from '../support/gone.js';
import { type Project, program, project, serving } from '../support/services.js';

const holdersOf = async (at: Project, port: number | undefined) => {
  const { stdout } = await at.run('ports', '--json');
  return (JSON.parse(stdout) as PortStatus[]).find(status => status.port === port)?.holders ?? [];
};

suite('ports of services', { concurrency: 2 }, () => {
  test('are shown with the service that holds them, a cluster among them too', async () => {
    await using at = project({ web: serving(), api: { cluster: { entry: fixture('apps/plain.js'), workers: 1 }, port: 'auto' } });
    await at.up();
    const [web, api] = await at.services();
    const [holder] = await holdersOf(at, web?.port);
    assert.deepEqual([holder?.pid, holder?.instance, holder?.service], [web?.pid, 'sup', 'sup/web']);
    assert.ok((await holdersOf(at, api?.port)).every(({ service }) => service === 'sup/api'));
    assert.match((await at.run('ports')).stdout, new RegExp(`^\\s*${web?.port} .*sup/web `, 'm'));
    const listed = await new Client({ socketPath: at.home.socket('sup') }).verbs.ports({});
    assert.deepEqual(
      listed.map(({ port }) => port),
      [web?.port ?? 0, api?.port ?? 0].toSorted((a, b) => a - b),
    );
  });

  test('kill stops the service that holds it, and nothing else: it is not started again', async () => {
    await using at = project({ web: serving(), loop: { exec: program('sleeps') } });
    await at.up();
    const [web, loop] = await at.services();
    const { code, stdout } = await at.run('ports', 'kill', String(web?.port));
    assert.deepEqual([code, stdout], [0, `port ${web?.port} is free; ended: ${web?.pid} (sup/web: wanted down from now on)\n`]);
    const after = await at.services();
    assert.deepEqual(
      after.map(({ name, desired, status }) => [name, desired, status]),
      [
        ['web', 'down', 'down'],
        ['loop', 'up', 'running'],
      ],
    );
    assert.equal(after[1]?.pid, loop?.pid);
  });

  test('the same over HTTP, for a cluster among them', async () => {
    await using at = project({ api: { cluster: { entry: fixture('apps/plain.js'), workers: 1 }, port: 'auto' }, loop: { exec: program('sleeps') } });
    await at.up();
    const [api] = await at.services();
    const { killed } = await new Client({ socketPath: at.home.socket('sup') }).verbs.killPort({ port: api?.port ?? 0 });
    assert.ok(killed.includes(api?.pid ?? 0));
    await gone([api?.pid ?? 0]);
    assert.deepEqual([(await at.service('api')).desired, (await at.service('loop')).status], ['down', 'running']);
  });

  test('one that was adopted is still its service’s; the supervisor lives on', async () => {
    await using at = project({ web: serving() });
    await at.up();
    const supervisor = at.pid();
    process.kill(supervisor, 'SIGKILL');
    await gone([supervisor]);
    await at.up();
    const { port, pid = 0 } = await at.service('web');
    assert.equal((await holdersOf(at, port))[0]?.service, 'sup/web');
    assert.equal((await at.run('ports', 'kill', String(port))).code, 0);
    assert.deepEqual([isAlive(pid), (await at.service('web')).desired], [false, 'down']);
  });

  test('a supervisor none of whose services run is there all the same', async () => {
    await using at = project({ web: serving('auto', { desired: 'down' }) });
    await at.up();
    const pid = at.pid();
    assert.equal((await at.run('start', 'sup/web')).code, 0);
    assert.equal((await at.run('stop', 'sup/web')).code, 0);
    assert.deepEqual([at.pid(), (await at.service('web')).status], [pid, 'down']);
  });

  test('a cluster that a service has started in the background is none of the service’s', async () => {
    await using at = project({ starter: { exec: './starter.sh' } });
    const command = fixture('../bin/app-cluster.js');
    at.write(
      'starter.sh',
      `#!/bin/sh\n${process.execPath} ${command} start ${fixture('apps/plain.js')} --name own -w 1 -p 0 --daemon\nexec sleep 300\n`,
      0o755,
    );
    await at.up();
    await at.until('starter', ({ running }) => running);
    const own = async () =>
      (JSON.parse((await at.run('ls', '--json')).stdout) as { name: string; address?: string; pid: number }[]).find(({ name }) => name === 'own');
    let found = await own();
    while (found?.address === undefined) found = await own();
    const port = Number(/:(\d+)/.exec(found.address)?.[1]);
    const [holder] = await holdersOf(at, port);
    assert.deepEqual([holder?.instance, holder?.service], ['own', undefined]);
    assert.equal((await at.run('ports', 'kill', String(port))).code, 0);
    assert.equal((await at.service('starter')).running, true);
  });
});
