// Keeps one service registered while it is healthy: register, renew, and a delete before it leaves. One call at a time; after each one,
// what comes next is asked anew, so that the last wish wins and nothing is sent after a delete but for a later `up()`.

import { messageOf } from '../../errors.js';
import { APP_RESTART, restartDelayMs } from '../../lifecycle/restart-policy.js';
import type { RegisterEvent, RegistrationStatus } from '../../protocol/register-events.js';
import { type Cancel, type Clock, wallClockMs } from '../../system/clock.js';
import { CALL_LIMIT_MS, type Registrar, type Registration } from './registrar.js';

/** From the beginning of one beat to that of the next. A lease lasts three of them. */
const BEAT_MS = 30_000;
/** How much earlier a beat may come by chance: never later, because of the lease. */
const JITTER = 0.1;
/** After a failed register or renew: 1 s, doubling to 30 s. */
const RETRY = { ...APP_RESTART, firstDelayMs: 1_000, longestDelayMs: 30_000, jitter: JITTER };

type Act = 'register' | 'renew' | 'deregister';
const FAILURE = { register: 'service-registration-failed', renew: 'service-renewal-failed' } as const;

export interface HeartbeatsNeeds {
  /** Its name, for events. */
  readonly service: string;
  readonly registrar: Registrar;
  /** Asked when it is to be registered; kept until it is deregistered. Also asked by `status`, so it must not throw. */
  readonly registration: () => Registration;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly emit: (event: RegisterEvent) => void;
}

export class Heartbeats {
  readonly #needs: HeartbeatsNeeds;
  #isHealthy = false;
  /** What the registry has or may have: from before the first byte of a register until after the delete. */
  #known: Registration | undefined;
  #isRegistered = false;
  /** The registry has to be told, whatever is wished next. */
  #isLeaving = false;
  #call: { readonly act: Act; readonly controller: AbortController } | undefined;
  #cancelTimer: Cancel = () => {};
  #lastBeatMs: number | undefined;
  #failures = 0;
  #lastError: string | undefined;
  #whenOut: (() => void)[] = [];

  constructor(needs: HeartbeatsNeeds) {
    this.#needs = needs;
  }

  get status(): RegistrationStatus {
    const { service, clock, registration } = this.#needs;
    const { app, instanceId } = this.#known ?? registration();
    const agoMs = this.#lastBeatMs === undefined ? undefined : Math.round(clock.now() - this.#lastBeatMs);
    const beat = agoMs === undefined ? {} : { lastBeatAt: wallClockMs() - agoMs, lastBeatAgoMs: agoMs };
    return { service, app, instanceId, state: this.#state, ...beat, failures: this.#failures, lastError: this.#lastError };
  }

  /** It is healthy: registers it now, or as soon as a delete that is under way has ended. Not news: does nothing. */
  up(): void {
    if (this.#isHealthy) return;
    this.#isHealthy = true;
    this.#failures = 0;
    this.#lastError = undefined;
    this.#advance(0);
  }

  /**
   * It is unhealthy, or about to be stopped. Ends a beat that is under way, then tells the registry, once, if that may know it. Resolves when
   * it was told, or could not be: after `CALL_LIMIT_MS` at the latest. Never rejects.
   */
  async down(): Promise<void> {
    this.#isHealthy = false;
    this.#isLeaving = this.#known !== undefined;
    if (this.#call !== undefined && this.#call.act !== 'deregister') this.#call.controller.abort(new Error('not healthy any more'));
    this.#advance(0);
    if (this.#isLeaving) await new Promise<void>(resolve => this.#whenOut.push(resolve));
  }

  get #state(): RegistrationStatus['state'] {
    if (!this.#isHealthy) return 'off';
    if (this.#failures > 0) return 'failing';
    return this.#isRegistered && !this.#isLeaving ? 'registered' : 'registering';
  }

  get #nextAct(): Act | undefined {
    if (this.#isLeaving) return 'deregister';
    if (!this.#isHealthy) return undefined;
    return this.#isRegistered ? 'renew' : 'register';
  }

  #advance(waitMs: number): void {
    this.#cancelTimer();
    const act = this.#nextAct;
    if (this.#call !== undefined || act === undefined) return;
    if (waitMs > 0 && act !== 'deregister') this.#cancelTimer = this.#needs.clock.after(waitMs, () => void this.#make(act));
    else void this.#make(act);
  }

  async #make(act: Act): Promise<void> {
    const call = { act, controller: new AbortController() };
    this.#call = call;
    const startedAt = this.#needs.clock.now();
    let waitMs: number;
    try {
      const answer = await this.#send(call);
      waitMs = this.#onAnswer(act, answer, startedAt);
    } catch (error) {
      waitMs = this.#onFailure(act, error);
    }
    if (act === 'deregister') this.#forget();
    this.#call = undefined;
    this.#advance(waitMs);
  }

  /** Ends with the limit or the abort, whatever the registrar makes of its signal: it may never block a stop. */
  #send({ act, controller }: { readonly act: Act; readonly controller: AbortController }): Promise<unknown> {
    const { registrar, registration, clock } = this.#needs;
    const { signal } = controller;
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      this.#known ??= registration();
      const known = this.#known;
      const cancelLimit = clock.after(CALL_LIMIT_MS, () => controller.abort(new Error(`no answer within ${CALL_LIMIT_MS} ms`)));
      const sent = async () => await registrar[act](known, signal); // Rejects even where it throws.
      void sent().then(resolve, reject).finally(cancelLimit);
    });
  }

  /** @returns how long to wait before the next beat */
  #onAnswer(act: Act, answer: unknown, startedAt: number): number {
    const { clock, random } = this.#needs;
    this.#failures = 0;
    this.#lastError = undefined;
    if (act === 'deregister') {
      this.#tell('service-deregistered');
      return 0;
    }
    this.#isRegistered = answer !== 'unknown';
    if (!this.#isRegistered) return 0;
    this.#lastBeatMs = clock.now();
    if (act === 'register') this.#tell('service-registered');
    return Math.max(1, BEAT_MS * (1 - JITTER * random()) - (clock.now() - startedAt));
  }

  /** @returns how long to wait before the next try */
  #onFailure(act: Act, error: unknown): number {
    if (this.#isLeaving && act !== 'deregister') return 0; // Ended by us.
    const message = messageOf(error);
    this.#lastError = message;
    if (act === 'deregister') {
      this.#needs.emit({ type: 'service-deregistration-failed', ...this.#facts, message });
      return 0;
    }
    this.#failures++;
    const waitMs = restartDelayMs(this.#failures, 0, this.#needs.random(), RETRY);
    this.#needs.emit({ type: FAILURE[act], ...this.#facts, message, failures: this.#failures, waitMs });
    return waitMs;
  }

  #forget(): void {
    this.#known = undefined;
    this.#isRegistered = false;
    this.#isLeaving = false;
    this.#lastBeatMs = undefined;
    for (const resolve of this.#whenOut.splice(0)) resolve();
  }

  #tell(type: 'service-registered' | 'service-deregistered'): void {
    this.#needs.emit({ type, ...this.#facts });
  }

  get #facts() {
    const { service, registrar } = this.#needs;
    return { service, registry: registrar.registry, instanceId: this.#known?.instanceId ?? '' };
  }
}
