// A service's heartbeats at a registry that answers when the test says so, in a time that passes only then.

import assert from 'node:assert/strict';
import type { RegisterEvent } from '../../lib/protocol/register-events.js';
import { Heartbeats } from '../../lib/supervisor/register/heartbeats.js';
import type { Registrar, Registration } from '../../lib/supervisor/register/registrar.js';
import { turn } from '../../lib/system/clock.js';
import { FakeClock } from '../../lib/testing/fake-clock.js';

export type Act = 'register' | 'renew' | 'deregister';

export interface Asked {
  readonly act: Act;
  readonly instanceId: string;
  readonly signal: AbortSignal;
  readonly atMs: number;
  readonly resolve: (answer?: 'renewed' | 'unknown') => void;
  readonly reject: (error: Error) => void;
}

/** Answers when the test says so. */
class FakeRegistrar implements Registrar {
  readonly registry = 'http://registry';
  readonly asked: Asked[] = [];
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  register = ({ instanceId }: Registration, signal: AbortSignal) => this.#ask('register', instanceId, signal) as Promise<void>;
  renew = ({ instanceId }: Registration, signal: AbortSignal) => this.#ask('renew', instanceId, signal) as Promise<'renewed'>;
  deregister = ({ instanceId }: Registration, signal: AbortSignal) => this.#ask('deregister', instanceId, signal) as Promise<void>;

  #ask(act: Act, instanceId: string, signal: AbortSignal): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.asked.push({ act, instanceId, signal, atMs: this.#clock.now(), resolve, reject });
    });
  }
}

export function setUp(random = () => 0) {
  const clock = new FakeClock();
  const registrar = new FakeRegistrar(clock);
  const events: RegisterEvent[] = [];
  let port = 7001;
  const registration = () => ({ app: 'shop', instanceId: `host:${port}`, host: 'host', port });
  const beats = new Heartbeats({ service: 'web', registrar, registration, clock, random, emit: event => events.push(event) });
  const last = () => {
    const asked = registrar.asked.at(-1);
    assert.ok(asked, 'nothing was asked');
    return asked;
  };
  return {
    clock,
    beats,
    registrar,
    events,
    last,
    acts: () => registrar.asked.map(({ act }) => act),
    told: () => events.map(({ type }) => type.replace(/^service-/, '')),
    movesTo: (other: number) => {
      port = other;
    },
    async answer(answer?: 'renewed' | 'unknown') {
      last().resolve(answer);
      await turn();
    },
    async fail(message = 'refused') {
      last().reject(new Error(message));
      await turn();
    },
    async tick(ms: number) {
      clock.tick(ms);
      await turn();
    },
  };
}

/** Registered, the next beat due in 30 s. */
export async function registered() {
  const scene = setUp();
  scene.beats.up();
  await scene.answer();
  assert.equal(scene.beats.status.state, 'registered');
  return scene;
}
