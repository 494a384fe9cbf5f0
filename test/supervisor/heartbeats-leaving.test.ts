import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { turn } from '../../lib/system/clock.js';
import { registered, setUp } from '../support/beating-service.js';

suite('a service that leaves its registry', () => {
  test('leaving is one delete, and nothing after it', async () => {
    const { beats, answer, tick, acts, told, clock } = await registered();
    const out = beats.down();
    assert.deepEqual([acts(), beats.status.state], [['register', 'deregister'], 'off']);
    await answer();
    await out;
    await tick(600_000);
    assert.deepEqual([acts(), told(), clock.pending], [['register', 'deregister'], ['registered', 'deregistered'], 0]);
    assert.equal(beats.status.lastBeatAt, undefined);
  });

  test('a renewal under way is ended before the delete', async () => {
    const { beats, tick, acts, last, answer } = await registered();
    await tick(30_000);
    const renewal = last();
    const out = beats.down();
    assert.ok(renewal.signal.aborted);
    assert.deepEqual(acts(), ['register', 'renew'], 'not while it may still be sent');
    await turn();
    assert.deepEqual(acts(), ['register', 'renew', 'deregister']);
    await answer();
    await out;
  });

  test('an unanswered registration may have come through: it is ended, and deleted', async () => {
    const { beats, acts, told, answer } = setUp();
    beats.up();
    const out = beats.down();
    await turn();
    await answer();
    await out;
    assert.deepEqual([acts(), told()], [['register', 'deregister'], ['deregistered']]);
  });

  test('leaving while it waits for the next try cancels that', async () => {
    const { beats, fail, answer, tick, acts } = setUp();
    beats.up();
    await fail();
    const out = beats.down();
    await answer();
    await out;
    await tick(60_000);
    assert.deepEqual(acts(), ['register', 'deregister']);
  });

  test('a delete that is not answered holds nobody for more than 5 s', async () => {
    const { beats, tick, told, last } = await registered();
    let isOut = false;
    void beats.down().then(() => {
      isOut = true;
    });
    await tick(4_999);
    assert.ok(!isOut);
    await tick(1);
    assert.deepEqual([isOut, last().signal.aborted, told().at(-1)], [true, true, 'deregistration-failed']);
  });

  test('a refused delete is told, and not tried again', async () => {
    const { beats, fail, tick, acts, told } = await registered();
    const out = beats.down();
    await fail();
    await out;
    await tick(600_000);
    assert.deepEqual([acts(), told().at(-1)], [['register', 'deregister'], 'deregistration-failed']);
  });

  test('everybody who asks it to leave waits for the same delete', async () => {
    const { beats, acts, answer, told } = await registered();
    const all = Promise.all([beats.down(), beats.down()]);
    await answer();
    await all;
    assert.deepEqual([acts(), told().at(-1)], [['register', 'deregister'], 'deregistered']);
  });

  test('healthy again during the delete: registered anew, when that has ended, as what it is then', async () => {
    const { beats, acts, answer, last, movesTo } = await registered();
    const out = beats.down();
    movesTo(7002);
    beats.up();
    assert.deepEqual([acts(), last().instanceId], [['register', 'deregister'], 'host:7001']);
    await answer();
    await out;
    assert.deepEqual([acts(), last().instanceId], [['register', 'deregister', 'register'], 'host:7002']);
    await answer();
    assert.equal(beats.status.state, 'registered');
  });

  test('up, down and up in one tick: the first is ended and deleted before the last is sent', async () => {
    const { beats, acts, answer, registrar } = setUp();
    beats.up();
    const out = beats.down();
    beats.up();
    await turn();
    assert.deepEqual(acts(), ['register', 'deregister']);
    assert.ok(registrar.asked[0]?.signal.aborted);
    await answer();
    await out;
    await answer();
    assert.deepEqual([acts(), beats.status.state], [['register', 'deregister', 'register'], 'registered']);
  });

  test('a late answer to an ended call is nobody’s', async () => {
    const { beats, registrar, acts, answer, tick, told } = setUp();
    beats.up();
    const out = beats.down();
    await turn();
    await answer();
    await out;
    registrar.asked[0]?.resolve();
    await tick(600_000);
    assert.deepEqual([acts(), told()], [['register', 'deregister'], ['deregistered']]);
  });
});
