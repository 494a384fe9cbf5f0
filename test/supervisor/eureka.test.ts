import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import { Eureka } from '../../lib/supervisor/register/eureka.js';
import { instanceIdOf, type Registration } from '../../lib/supervisor/register/registrar.js';
import { EurekaStandIn } from '../support/eureka-stand-in.js';

const SHOP: Registration = {
  app: 'shop',
  instanceId: 'host:shop/1:7001',
  host: 'host.example',
  port: 7001,
  ipAddress: '10.0.0.1',
  healthCheckUrl: 'http://host.example:7001/healthz',
};
const PATH = '/eureka/apps/SHOP/host%3Ashop%2F1%3A7001';
const signal = () => new AbortController().signal;

async function startStandIn(t: TestContext): Promise<EurekaStandIn> {
  const standIn = await EurekaStandIn.start();
  t.after(() => standIn.stop());
  return standIn;
}

suite('eureka', () => {
  test('a service is registered, renewed and deregistered as the REST operations want it', async t => {
    const standIn = await startStandIn(t);
    const eureka = new Eureka(`${standIn.url}/`);
    await eureka.register(SHOP, signal());
    assert.equal(await eureka.renew(SHOP, signal()), 'renewed');
    await eureka.deregister(SHOP, signal());
    assert.deepEqual(standIn.story, ['POST 204', 'PUT 200', 'DELETE 200']);
    assert.deepEqual(
      standIn.calls.map(({ path }) => path),
      ['/eureka/apps/SHOP', PATH, PATH],
    );
    assert.equal(standIn.known.size, 0);
    const [register, renew] = standIn.calls;
    assert.match(register?.headers['content-type'] ?? '', /^application\/json/);
    assert.deepEqual([renew?.body, renew?.headers.authorization], [undefined, undefined]);
    assert.deepEqual(register?.body, {
      instance: {
        instanceId: 'host:shop/1:7001',
        hostName: 'host.example',
        app: 'SHOP',
        ipAddr: '10.0.0.1',
        vipAddress: 'shop',
        secureVipAddress: 'shop',
        status: 'UP',
        port: { $: 7001, '@enabled': 'true' },
        securePort: { $: 443, '@enabled': 'false' },
        healthCheckUrl: 'http://host.example:7001/healthz',
        dataCenterInfo: { '@class': 'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo', name: 'MyOwn' },
        leaseInfo: { renewalIntervalInSecs: 30, durationInSecs: 90 },
      },
    });
  });

  test('one that it does not know is unknown, and deleting it is no error', async t => {
    const standIn = await startStandIn(t);
    const eureka = new Eureka(standIn.url);
    assert.equal(await eureka.renew(SHOP, signal()), 'unknown');
    await eureka.deregister(SHOP, signal());
    assert.deepEqual(standIn.story, ['PUT 404', 'DELETE 404']);
  });

  test('any other status is an error', async t => {
    const standIn = await startStandIn(t);
    const eureka = new Eureka(standIn.url);
    for (const status of [302, 404, 500]) {
      standIn.next(status);
      await assert.rejects(eureka.register(SHOP, signal()), { message: new RegExp(String(status)) });
    }
    for (const status of [302, 500]) {
      standIn.next(status, status);
      await assert.rejects(eureka.renew(SHOP, signal()), { message: new RegExp(String(status)) });
      await assert.rejects(eureka.deregister(SHOP, signal()), { message: new RegExp(String(status)) });
    }
  });

  test('user and password of the URL are sent, and said nowhere', async t => {
    const standIn = await startStandIn(t);
    const eureka = new Eureka(standIn.url.replace('//', '//us%40er:se%3Acret%C3%A9@'));
    assert.equal(eureka.registry, standIn.url);
    standIn.next(401);
    const error: Error = await eureka.register(SHOP, signal()).then(
      () => assert.fail(),
      reason => reason,
    );
    assert.doesNotMatch(`${error.stack}${JSON.stringify(error)}${JSON.stringify(eureka)}`, /se:cret|se%3A|us@er/);
    const [call] = standIn.calls;
    assert.equal(Buffer.from(String(call?.headers.authorization).replace('Basic ', ''), 'base64').toString(), 'us@er:se:creté');
    assert.equal(call?.path, '/eureka/apps/SHOP');
  });

  test('what is no URL of a server is refused without being repeated', () => {
    for (const wrong of ['', 'host:8761', 'ftp://u:secret@host/', 'http://u:secret@host:99999/', 'http://u:%secret@host/eureka'])
      assert.throws(
        () => new Eureka(wrong),
        (error: Error & { code?: string }) => error.code === 'ERR_INVALID_CONFIG' && !error.message.includes('secret') && !('input' in error),
        wrong,
      );
  });

  test('an id where none is configured', () => {
    assert.equal(instanceIdOf(SHOP), 'host.example:shop:7001');
  });
});
