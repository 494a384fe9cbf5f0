// Before a service is started: whether it runs already, which port it gets, what is spawned. And afterwards: what is given back.

import { ClusterError } from '../errors.js';
import { deathOf } from '../protocol/death.js';
import type { ServiceSpec } from '../protocol/service-spec.js';
import type { Child } from '../supervision/child.js';
import { writeAddress } from '../system/config-edit.js';
import { isLocalHost } from '../system/local-host.js';
import { portOwner } from '../system/port-owner.js';
import type { ServiceLife } from '../system/service-life.js';
import { findRunning } from './find-running.js';
import type { HealthFacts } from './health-watch.js';
import { lastLines } from './last-lines.js';
import { type Launch, launchOf, urlOf } from './launch.js';
import { assignPort, releasePort } from './port-book.js';
import type { ServiceNeeds } from './service-needs.js';
import type { ServiceRecord } from './service-record.js';

/** So often another port is tried when somebody else was quicker. */
const MOST_PORTS = 10;

export class Preparation {
  readonly #spec: ServiceSpec;
  readonly #needs: ServiceNeeds;
  #port: number | undefined;

  constructor(spec: ServiceSpec, needs: ServiceNeeds) {
    this.#spec = spec;
    this.#needs = needs;
  }

  get port(): number | undefined {
    return this.#port;
  }
  get url(): string | undefined {
    return this.#port === undefined ? undefined : urlOf(this.#spec.host, this.#port);
  }

  /** Started by somebody else, as its pid file says: then it is watched, and left alone when we go. A file that is stale is removed. */
  findRunning(record: ServiceRecord): ServiceLife | undefined {
    const found = findRunning(this.#spec);
    record.isOwned = true;
    if (found !== undefined) record.found(found, false);
    return found;
  }

  /** @param running its process, when there is one already */
  async prepare(running: ServiceLife | undefined): Promise<Launch> {
    const { state } = this.#needs;
    const { name, host, port: wish } = this.#spec;
    if (!isLocalHost(host) && running === undefined)
      throw new ClusterError('ERR_NOT_SUPPORTED', `${name}: its host ${host} is another machine. Start it there, or give it an address of this one.`);
    if (wish !== undefined) {
      const { port: last } = state.of(name);
      const preferred = wish.preferred ?? last;
      const held = wish.isFixed ? wish.from : preferred;
      const question = { service: this.#fullName, host, wish, last };
      this.#port = running === undefined ? await assignPort(question) : await assignPort({ ...question, running: held }).catch(() => held);
      if (this.#port !== undefined) await this.#keepPort(this.#port, last);
    }
    return running === undefined ? this.#launch() : this.#launchOfRunning();
  }

  #launch(): Launch {
    const { state } = this.#needs;
    const { name, host } = this.#spec;
    return launchOf(this.#spec, { fullName: this.#fullName, host, port: this.#port, optionsFile: state.optionsFileOf(name) });
  }

  /** It runs, whatever has become of the files it was started from. */
  #launchOfRunning(): Launch {
    try {
      return this.#launch();
    } catch {
      const { host, cwd, health } = this.#spec;
      const program = { file: '', args: [], cwd, isRecorded: false, environment: {} };
      const healthUrl = health.kind === 'http' && !health.target.includes('${') ? new URL(health.target, this.url).href : undefined;
      return { program, host, port: this.#port, healthUrl, healthCommand: undefined, stopCommand: undefined, environment: {}, runAs: undefined };
    }
  }

  get #fullName(): string {
    return `${this.#needs.supervisor}/${this.#spec.name}`;
  }

  /** Known to the next start, and to the service itself. */
  async #keepPort(port: number, last: number | undefined): Promise<void> {
    const { state, emit } = this.#needs;
    const { name, config, host, port: wish } = this.#spec;
    if (port !== last) {
      await state.set(name, { port });
      if (!wish?.isFixed)
        emit({ type: 'port-assigned', service: name, port, reason: last === undefined ? 'the first that is free' : `${last} is not free any more` });
    }
    if (config !== undefined && port !== wish?.preferred) await writeAddress(config, { port, host });
  }

  /** What came of a first failure, in one error. */
  async failureOf(child: Child, health: HealthFacts | undefined): Promise<ClusterError> {
    const { name, health: check } = this.#spec;
    const { exit = { code: null, signal: null }, failed, failedBy, wasKilled } = child;
    const isLate = failedBy === 'overdue';
    const why = isLate
      ? `it was not healthy within ${check.startTimeoutMs} ms${health?.reason === undefined ? '' : ` (${health.reason})`}`
      : deathOf({ exit, failed, failedBy, wasKilled, wasReady: false }).text;
    const holder = this.#port === undefined || isLate ? '' : this.#holderText(this.#port);
    const { pid } = child.process;
    const said = await lastLines(this.#needs.recording, `${name}#${child.id}:${pid}`, pid);
    const sentence = `${name} did not start: ${why}${holder}. See app-cluster logs ${this.#fullName}`;
    const code = isLate ? 'ERR_START_TIMEOUT' : 'ERR_START_FAILED';
    return new ClusterError(code, [sentence, ...said.map(line => `  ${line}`)].join('\n'), { details: { service: name, exit } });
  }

  #holderText(port: number): string {
    const owner = portOwner(port);
    return owner === 'not visible' ? '' : `; its port ${port} is held by ${owner}`;
  }

  mayTryAnotherPort(attempt: number): boolean {
    const { port: wish } = this.#spec;
    return attempt < MOST_PORTS && wish !== undefined && !wish.isFixed && this.isPortLost;
  }

  /** Somebody else listens on it. */
  get isPortLost(): boolean {
    return this.#port !== undefined && portOwner(this.#port) !== 'not visible';
  }

  async undo(): Promise<void> {
    if (this.#port !== undefined) await releasePort(this.#fullName).catch(() => {}); // It ends with us.
    findRunning(this.#spec); // A pid file that is left behind means nothing.
  }
}
