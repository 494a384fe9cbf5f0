import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import type { RegisterEvent } from '../../lib/protocol/register-events.js';
import { Eureka } from '../../lib/supervisor/register/eureka.js';
import { Heartbeats } from '../../lib/supervisor/register/heartbeats.js';
import { FakeClock } from '../../lib/testing/fake-clock.js';
import { EurekaStandIn } from '../support/eureka-stand-in.js';

const SHOP = { app: 'shop', instanceId: 'host:shop:7001', host: 'host.example', port: 7001, ipAddress: '10.0.0.1' };

async function startStandIn(t: TestContext): Promise<EurekaStandIn> {
  const standIn = await EurekaStandIn.start();
  t.after(() => standIn.stop());
  return standIn;
}

/** A service with real calls, in a time that passes only when the test says so. */
function beating(t: TestContext, url: string) {
  const clock = new FakeClock();
  const events: RegisterEvent[] = [];
  let wake: () => void = () => {};
  const emit = (event: RegisterEvent) => {
    events.push(event);
    wake();
  };
  const beats = new Heartbeats({ service: 'web', registrar: new Eureka(url), registration: () => SHOP, clock, random: () => 0, emit });
  t.after(() => beats.down());
  /** Resolves with the event number `count`. */
  const told = async (count: number) => {
    while (events.length < count)
      await new Promise<void>(resolve => {
        wake = resolve;
      });
    return events[count - 1];
  };
  return { clock, beats, events, told };
}

suite('heartbeats at a eureka', () => {
  test('one that was forgotten is registered again, and gone after the stop', async t => {
    const standIn = await startStandIn(t);
    const { beats, clock, told } = beating(t, standIn.url);
    beats.up();
    await told(1);
    standIn.known.clear();
    clock.tick(30_000);
    await told(2);
    assert.deepEqual([standIn.known.size, beats.status.state], [1, 'registered']);
    await beats.down();
    assert.deepEqual(standIn.story, ['POST 204', 'PUT 404', 'POST 204', 'DELETE 200']);
    assert.deepEqual([standIn.known.size, beats.status.state], [0, 'off']);
  });

  test('it is tried until it works: refused, failing, breaking off', async t => {
    const standIn = await EurekaStandIn.start();
    const { port, url } = standIn;
    await standIn.stop();
    const { beats, clock, told } = beating(t, url);
    beats.up();
    const refused = await told(1);
    assert.ok(refused?.type === 'service-registration-failed' && refused.message.includes('ECONNREFUSED') && refused.registry === url);

    const again = await EurekaStandIn.start(port);
    t.after(() => again.stop());
    again.next(500, 'flood');
    for (let failures = 1; failures <= 3; failures++) {
      clock.tick(4_000); // The longest of these waits, and less than a call's limit.
      await told(failures + 1);
    }
    assert.deepEqual(again.story, ['POST 500', 'POST flood', 'POST 204']);
    assert.deepEqual([beats.status.state, beats.status.failures], ['registered', 0]);
  });

  for (const how of ['hang', 'trickle'] as const)
    test(`a registry that does this holds no stop, and the delete is the last it hears: ${how}`, async t => {
      const standIn = await startStandIn(t);
      standIn.next(how);
      const { beats, events } = beating(t, standIn.url);
      beats.up();
      const { closed } = await standIn.came(1);
      await beats.down();
      await closed;
      assert.deepEqual(standIn.story, [`POST ${how}`, 'DELETE 404']);
      assert.deepEqual(
        events.map(({ type }) => type),
        ['service-deregistered'],
      );
    });

  test('a registration that is ended while it connects is never sent', async t => {
    const standIn = await startStandIn(t);
    const { beats } = beating(t, standIn.url);
    beats.up();
    await beats.down();
    assert.deepEqual(standIn.story, ['DELETE 404']);
  });

  test('a delete that hangs is given up', async t => {
    const standIn = await startStandIn(t);
    const { beats, clock, told, events } = beating(t, standIn.url);
    beats.up();
    await told(1);
    standIn.next('hang');
    const out = beats.down();
    const { closed } = await standIn.came(2);
    clock.tick(5_000);
    await Promise.all([out, closed]);
    assert.deepEqual([events.at(-1)?.type, standIn.story], ['service-deregistration-failed', ['POST 204', 'DELETE hang']]);
  });

  test('up, down and up again at once: registered in the end, and nobody renewed in between', async t => {
    const standIn = await startStandIn(t);
    const { beats, told } = beating(t, standIn.url);
    beats.up();
    await told(1);
    const out = beats.down();
    beats.up();
    await out;
    await told(3);
    assert.deepEqual(standIn.story, ['POST 204', 'DELETE 200', 'POST 204']);
    assert.deepEqual([standIn.known.size, beats.status.state], [1, 'registered']);
  });
});
