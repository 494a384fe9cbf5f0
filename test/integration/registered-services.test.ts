import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { HeartbeatStatus } from '../../lib/protocol/snapshot.js';
import { ask } from '../support/client.js';
import { EurekaStandIn } from '../support/eureka-stand-in.js';
import { project, serving } from '../support/services.js';

suite('a service that is registered elsewhere', { concurrency: 2 }, () => {
  test('while it is healthy: registered, told, and deregistered before it is stopped', async () => {
    const eureka = await EurekaStandIn.start();
    await using at = project({ web: serving('auto', { register: { eureka: eureka.url, app: 'shop' } }) });
    await at.up();
    const { body, path } = await eureka.came(1);
    const { port } = await at.service('web');
    assert.deepEqual([path, body?.instance?.['app']], ['/eureka/apps/SHOP', 'SHOP']);
    const { body: answer } = await ask({ socketPath: at.home.socket('sup') }, '/api/heartbeat/status');
    const [registration] = (JSON.parse(answer) as HeartbeatStatus).registrations ?? [];
    assert.deepEqual([registration?.service, registration?.state, registration?.instanceId], ['web', 'registered', `127.0.0.1:shop:${port}`]);
    await at.run('stop', 'sup/web');
    assert.deepEqual(eureka.story, ['POST 204', 'DELETE 200']);
    await eureka.stop();
  });

  test('killed: taken out, and registered again when it is back', async () => {
    const eureka = await EurekaStandIn.start();
    await using at = project({ web: serving('auto', { register: { eureka: eureka.url, app: 'shop' } }) });
    await at.up();
    await eureka.came(1);
    process.kill((await at.service('web')).pid ?? 0, 'SIGKILL');
    await eureka.came(3);
    assert.deepEqual(eureka.story.slice(0, 3), ['POST 204', 'DELETE 200', 'POST 204']);
    await at.run('down', 'sup');
    await eureka.stop();
  });

  test('a registry that hangs holds no stop up for long', async () => {
    const eureka = await EurekaStandIn.start();
    await using at = project({ web: serving('auto', { register: { eureka: eureka.url, app: 'shop' } }) });
    await at.up();
    await eureka.came(1);
    eureka.next('hang');
    const startedAt = performance.now();
    assert.equal((await at.run('down', 'sup')).code, 0);
    assert.ok(performance.now() - startedAt < 9_000);
    await eureka.stop();
  });
});
