import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { resultSchemas } from '../../lib/protocol/results.schema.js';
import { registered, setUp } from '../support/beating-service.js';

suite('heartbeats of a service', () => {
  test('a service that is not healthy is not registered, and leaving it costs no call', async () => {
    const { beats, registrar, clock, events } = setUp();
    await beats.down();
    assert.deepEqual([registrar.asked, events, clock.pending, beats.status.state], [[], [], 0, 'off']);
  });

  test('a healthy one is registered at once and renewed every 30 s', async () => {
    const { beats, answer, tick, acts, told, clock } = setUp();
    beats.up();
    assert.equal(beats.status.state, 'registering');
    await answer();
    await tick(29_999);
    assert.deepEqual(acts(), ['register']);
    await tick(1);
    await answer('renewed');
    await tick(30_000);
    assert.deepEqual(acts(), ['register', 'renew', 'renew']);
    assert.deepEqual([told(), clock.now()], [['registered'], 60_000]);
  });

  test('being healthy twice is no news', async () => {
    const { beats, acts, clock } = await registered();
    beats.up();
    assert.deepEqual([acts(), clock.pending], [['register'], 1]);
  });

  test('a beat comes up to a tenth earlier by chance, and never later for the time its predecessor took', async () => {
    const { beats, answer, tick, last } = setUp(() => 0.999);
    beats.up();
    await tick(4_000);
    await answer();
    await tick(30_000 - 4_000);
    assert.equal(Math.round(last().atMs / 100), 270);
  });

  test('a failed registration is tried again after 1 s, doubling to 30 s', async () => {
    const { beats, fail, tick, answer, events, acts } = setUp();
    beats.up();
    const waits = [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000];
    for (const waitMs of waits) {
      await fail();
      const asked = acts().length;
      await tick(waitMs - 1);
      assert.equal(acts().length, asked);
      await tick(1);
      assert.equal(acts().length, asked + 1);
    }
    assert.deepEqual(
      events.map(event => event.type === 'service-registration-failed' && event.waitMs),
      waits,
    );
    assert.deepEqual([beats.status.state, beats.status.failures, beats.status.lastError], ['failing', 7, 'refused']);
    await answer();
    assert.deepEqual([beats.status.state, beats.status.failures, beats.status.lastError, new Set(acts()).size], ['registered', 0, undefined, 1]);
  });

  test('a failed renewal is tried again sooner than the next beat, so that the lease does not run out', async () => {
    const { beats, fail, tick, answer, acts, told, clock } = await registered();
    await tick(30_000);
    await fail();
    assert.deepEqual([beats.status.state, beats.status.lastBeatAgoMs], ['failing', 30_000]);
    await tick(1_000);
    await answer('renewed');
    assert.deepEqual([acts(), told(), beats.status.state], [['register', 'renew', 'renew'], ['registered', 'renewal-failed'], 'registered']);
    assert.equal(clock.pending, 1);
  });

  test('one that the registry has forgotten is registered again at once', async () => {
    const { beats, tick, answer, acts, told, last, clock } = await registered();
    await tick(30_000);
    await answer('unknown');
    assert.deepEqual([acts(), beats.status.state, last().atMs], [['register', 'renew', 'register'], 'registering', clock.now()]);
    await answer();
    assert.deepEqual([told(), beats.status.state], [['registered', 'registered'], 'registered']);
  });

  test('a call has 5 s, whatever the registrar makes of its signal', async () => {
    const { beats, tick, acts, last, events } = setUp();
    beats.up();
    const { signal } = last();
    await tick(4_999);
    assert.ok(!signal.aborted);
    await tick(1);
    assert.ok(signal.aborted);
    assert.deepEqual(events[0]?.type === 'service-registration-failed' && events[0].message, 'no answer within 5000 ms');
    await tick(1_000);
    assert.deepEqual(acts(), ['register', 'register']);
  });

  test('its state says when it was heard last, and of whom', async () => {
    const { beats, tick } = await registered();
    await tick(12_000);
    assert.ok(resultSchemas.heartbeat.safeParse({ workers: [], registrations: [beats.status] }).success, 'as the control API describes it');
    const { lastBeatAt = 0, ...rest } = beats.status;
    assert.ok(Math.abs(Date.now() - lastBeatAt - 12_000) < 5_000);
    assert.deepEqual(rest, {
      service: 'web',
      app: 'shop',
      instanceId: 'host:7001',
      state: 'registered',
      lastBeatAgoMs: 12_000,
      failures: 0,
      lastError: undefined,
    });
  });
});
