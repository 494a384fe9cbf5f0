// Starts services, each after what it depends on, and those that wait as soon as that is there.

import { ClusterError } from '../errors.js';
import { inOrder } from './ordered.js';
import type { Roster } from './roster.js';

/** More at once would slow all of them down. */
const AT_ONCE = 16;

export class Starts {
  readonly #roster: Roster;
  readonly #waiting = new Set<string>();
  #isOver = false;

  constructor(roster: Roster) {
    this.#roster = roster;
  }

  isWaiting(name: string): boolean {
    return this.#waiting.has(name);
  }
  /** Nobody wants it any more. */
  forget(name: string): void {
    this.#waiting.delete(name);
  }
  /** From now on nothing is started. */
  end(): void {
    this.#isOver = true;
    this.#waiting.clear();
  }

  /** @param names in an order in which each comes after what it depends on */
  async all(names: readonly string[], onFailure: (name: string, error: unknown) => void): Promise<void> {
    const asked = new Map(names.map(name => [name, this.#roster.find(name).wishes.ask('start')]));
    for (const name of names) if (!this.#roster.find(name).isReady) this.#waiting.add(name);
    await inOrder({
      names,
      before: (name, done) =>
        Object.entries(this.#roster.find(name).spec.dependsOn).map(([other, need]) =>
          need === 'ready' ? done(other) : Promise.race([done(other), this.#whenForked(other)]),
        ),
      act: name => this.#one(name, asked.get(name)).catch(error => onFailure(name, error)),
      atOnce: AT_ONCE,
      turn: (name, start) => (this.#roster.find(name).spec.health.kind === 'none' ? Promise.race([start, this.#whenForked(name)]) : start),
    });
  }

  /** Somebody may have waited for it. */
  onStarted(name: string): void {
    for (const waiting of this.#waiting) {
      const service = this.#roster.get(waiting);
      if (service === undefined || !(name in service.spec.dependsOn) || this.#roster.missingFor(service).length > 0) continue;
      void this.#one(waiting).catch(() => {}); // It is told.
    }
  }

  #whenForked(name: string): Promise<void> {
    const { child, record } = this.#roster.find(name);
    return child === undefined ? record.whenForked() : Promise.resolve();
  }

  async #one(name: string, refuseIfOvertaken = () => {}): Promise<void> {
    const service = this.#roster.find(name);
    const missing = this.#roster.missingFor(service);
    if (missing.length > 0) throw new ClusterError('ERR_START_FAILED', `${name} waits for ${missing.join(', ')}, which did not start.`);
    this.#waiting.delete(name);
    if (this.#isOver) throw new ClusterError('ERR_STOPPED', `${name}: the supervisor is stopping.`);
    refuseIfOvertaken();
    await service.start();
  }
}
