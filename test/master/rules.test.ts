import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressOf } from '../../lib/master/address.js';
import { HEALTH_CHECK_MS, type HealthFacts, watchHealth } from '../../lib/master/health.js';
import { timeoutsOf } from '../../lib/master/timeouts.js';
import { optionsArgument, withoutSecrets } from '../../lib/master/visible-options.js';
import { FakeClock } from '../../lib/testing.js';

const variables =
  (values: Record<string, string> = {}) =>
  (name: string) =>
    values[name];

test('the address as people write it', () => {
  const text = (address: string | null, host?: string, isHttps = false) => addressOf({ addressType: 4, address, port: 7_001 }, isHttps, host).text;
  assert.equal(text(null), 'http://127.0.0.1:7001');
  assert.equal(text('0.0.0.0'), 'http://127.0.0.1:7001');
  assert.equal(text('::'), 'http://127.0.0.1:7001');
  assert.equal(text(null, 'example.test'), 'http://example.test:7001');
  assert.equal(text(null, '0.0.0.0'), 'http://127.0.0.1:7001');
  assert.equal(text('10.0.0.1', 'example.test'), 'http://10.0.0.1:7001', 'a real address wins');
  assert.equal(text('::1', undefined, true), 'https://[::1]:7001');
  assert.equal(addressOf({ addressType: -1, address: '/tmp/a.sock' }, false, undefined).text, '/tmp/a.sock');
});

test('the stop budget: drain has what SIGTERM and SIGKILL leave, for apps and agent', () => {
  const timeouts = timeoutsOf({ options: {}, flavour: 'command', variable: variables() });
  assert.deepEqual([timeouts.budgetMs, timeouts.app.drain, timeouts.app.stop, timeouts.app.kill, timeouts.agent.stop], [30_000, 16_000, 5_000, 2_000, 5_000]);
  for (const [stopTimeout, drain, stop] of [
    ['28s', 14_000, 5_000],
    ['10s', 5_000, 1_786],
    ['1s', 500, 179],
    ['0s', 0, 0],
  ] as const) {
    const { app } = timeoutsOf({ options: { stopTimeout }, flavour: 'command', variable: variables() });
    assert.deepEqual([app.drain, app.stop, app.kill], [drain, stop, 2_000], `half of ${stopTimeout} at least is for draining`);
  }
});

test("egg's variables: drain and SIGTERM share the app's, the agent has its own", () => {
  const of = (values: Record<string, string>, flavour: 'call' | 'command' = 'call') => timeoutsOf({ options: {}, flavour, variable: variables(values) });
  assert.deepEqual([of({}).app.close, of({}).agent.stop], [5_000, 5_000]);
  assert.deepEqual([of({ EGG_MASTER_CLOSE_TIMEOUT: '1000' }).app.close, of({ EGG_MASTER_CLOSE_TIMEOUT: '1000' }).agent.stop], [1_000, 1_000]);
  const own = of({ EGG_APP_CLOSE_TIMEOUT: '8000', EGG_AGENT_CLOSE_TIMEOUT: '100' }, 'command');
  assert.deepEqual([own.app.close, own.agent.stop, own.budgetMs], [8_000, 100, 12_100]);
  assert.equal(of({ EGG_MASTER_CLOSE_TIMEOUT: 'soon' }, 'command').budgetMs, 30_000);
  assert.equal(
    timeoutsOf({ options: { stopTimeoutMs: 9_000 }, flavour: 'call', variable: variables({ EGG_MASTER_CLOSE_TIMEOUT: '1' }) }).budgetMs,
    9_000,
    'the option wins',
  );
});

test('secrets are known by their names, and by their looks', () => {
  const options = {
    title: 'x',
    https: { key: '/a.pem', passphrase: 'p' },
    db: { password: 'p', host: 'h' },
    apiKey: 'k',
    inline: '-----BEGIN PRIVATE KEY-----',
  };
  assert.deepEqual(withoutSecrets(options), { title: 'x', https: { key: '/a.pem' }, db: { host: 'h' } });
  assert.equal(optionsArgument(options).isWhole, false);
  assert.deepEqual(optionsArgument({ title: 'x' }), { text: '{"title":"x"}', isWhole: true });
});

test('options that do not fit an argument leave what process tools look for', () => {
  const { text, isWhole } = optionsArgument({ title: 'x', baseDir: '/app', big: 'x'.repeat(200_000) });
  assert.deepEqual([isWhole, JSON.parse(text)], [false, { title: 'x', baseDir: '/app' }]);
});

function watched(facts: HealthFacts, isPatient = true) {
  const clock = new FakeClock();
  const lost: HealthFacts[] = [];
  const state = { facts };
  const cancel = watchHealth(
    { clock, isPatient },
    () => state.facts,
    seen => lost.push(seen),
  );
  return { clock, lost, state, cancel };
}

const NOBODY: HealthFacts = { agents: 1, apps: 0, wantsAgent: true, isRetrying: false, failsAtBoot: false };

test('three checks ten seconds apart that find nobody: lost, not a millisecond before', () => {
  const { clock, lost } = watched(NOBODY);
  clock.tick(3 * HEALTH_CHECK_MS - 1);
  assert.deepEqual(lost, []);
  clock.tick(1);
  assert.deepEqual(lost, [NOBODY]);
  assert.equal(clock.pending, 0);
});

test('no agent is as bad, unless none is wanted; a retry is hope, but not to startCluster in a crash loop at boot', () => {
  for (const [facts, count, isPatient = true] of [
    [{ ...NOBODY, agents: 0, apps: 2 }, 1],
    [{ ...NOBODY, agents: 0, apps: 2, wantsAgent: false }, 0],
    [{ ...NOBODY, isRetrying: true }, 0],
    [{ ...NOBODY, isRetrying: true }, 0, false],
    [{ ...NOBODY, isRetrying: true, failsAtBoot: true }, 0, true],
    [{ ...NOBODY, isRetrying: true, failsAtBoot: true }, 1, false],
  ] as const) {
    const { clock, lost } = watched(facts, isPatient);
    clock.tick(100_000);
    assert.equal(lost.length, count);
  }
});

test('one good check in between starts the count again', () => {
  const { clock, lost, state, cancel } = watched(NOBODY);
  clock.tick(2 * HEALTH_CHECK_MS);
  state.facts = { ...NOBODY, apps: 1 };
  clock.tick(HEALTH_CHECK_MS);
  state.facts = NOBODY;
  clock.tick(2 * HEALTH_CHECK_MS);
  assert.deepEqual(lost, []);
  cancel();
  assert.equal(clock.pending, 0);
});
