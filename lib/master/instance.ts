// This master among the others: its name in the registry, its control server, its journal.

import { type Claim, claimName, socketPath } from '../control/registry.js';
import { type Door, type Probes, type ServeNeeds, serveAdmin, serveControl } from '../control/server.js';
import { journalFile } from '../control/timeline.js';
import { ClusterError, messageOf } from '../errors.js';
import { isForTheJournal } from '../observe/journal-events.js';
import type { Surface } from '../protocol/control.js';
import type { ClusterEvent } from '../protocol/events.js';
import { repeatUnref, systemClock, wallClockMs } from '../system/clock.js';
import { packageVersion } from '../system/entries.js';
import { ownPid, runsAsRoot } from '../system/environment.js';
import type { HttpServer } from '../system/http-server.js';
import { newMark } from '../system/instance-mark.js';
import { addToJournal } from '../system/journal.js';
import { identityOf } from '../system/process-identity.js';
import { writeTokens } from '../system/tokens.js';
import { removeFile } from '../system/whole-files.js';
import type { Cluster } from './cluster.js';
import type { EventBus } from './event-bus.js';
import { History } from './history.js';
import { metricsOf } from './metrics.js';
import { openRecording } from './open-recording.js';
import { operationsOf } from './operations.js';
import type { Recording } from './recording.js';
import type { Settings } from './settings.js';
import { SlotBook } from './slot-book.js';
import { Usages } from './usages.js';

/** Somebody may have removed the entry, or cut it in half: it is written again. */
const REASSERT_MS = 10_000;

export class Instance {
  readonly mark = newMark();
  readonly #settings: Settings;
  readonly #events: EventBus;
  readonly #history = new History();
  readonly #slots = new SlotBook();
  readonly #usages = new Usages(systemClock);
  readonly #servers: HttpServer[] = [];
  #claim: Claim | undefined;
  #recording: Recording | undefined;
  #surface: Surface | undefined;
  #closed: Promise<void> | undefined;
  #cancelReassert: () => void = () => {};

  constructor(settings: Settings, events: EventBus) {
    this.#settings = settings;
    this.#events = events;
  }

  get name(): string {
    return this.#claim?.entry.name ?? this.#settings.name;
  }
  get recording(): Recording | undefined {
    return this.#recording;
  }
  /** What can be asked of it; undefined before `serve`. */
  get surface(): Surface | undefined {
    return this.#surface;
  }

  /** Takes the name. Throws ERR_ALREADY_RUNNING; anything else that goes wrong costs the control, and not the cluster. */
  open(): void {
    this.#events.onAny(this.#history.add);
    this.#events.onAny(this.#slots.read);
    this.#events.onAny(this.#write);
    try {
      this.#claim = this.#claimName();
      this.#recording = openRecording(this.name, this.#settings, { mark: this.mark, events: this.#events });
    } catch (error) {
      if (error instanceof ClusterError && error.code === 'ERR_ALREADY_RUNNING') throw error;
      this.#complain(error);
    }
    this.#cancelReassert = repeatUnref(REASSERT_MS, () => this.#claim?.update({}));
  }

  /** From the first fork on, beside workers that boot. */
  async serve(cluster: Cluster): Promise<void> {
    const { admin, runAs, flavour } = this.#settings;
    if (flavour === 'command' && runsAsRoot() && runAs === undefined) this.#events.emit({ type: 'root-suspected' });
    const needs = this.#serveNeeds(cluster);
    this.#surface = needs.surface;
    if (this.#claim !== undefined) this.#followStatus(cluster, this.#claim);
    try {
      if (this.#claim !== undefined) this.#servers.push(await serveControl(socketPath(this.name), needs));
      if (admin !== undefined) await this.#serveAdmin(admin, needs);
    } catch (error) {
      this.#complain(error);
    }
  }

  /** Nothing is left in the run root, and the last lines are written. Idempotent: everybody waits for the same end. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#cancelReassert();
    await Promise.all(this.#servers.map(server => server.close()));
    this.#claim?.release();
    await this.#recording?.end();
  }

  #claimName(): Claim | undefined {
    const identity = identityOf(ownPid());
    if (identity === undefined) return undefined;
    const { name, isNameGiven, baseDir } = this.#settings;
    const { logs } = this.#settings;
    const facts = {
      kind: 'cluster',
      logs: logs?.folder,
      mark: this.mark,
      baseDir,
      status: 'starting',
      startedAt: wallClockMs(),
      version: packageVersion(),
    } as const;
    return claimName(name, isNameGiven, { ...identity, ...facts });
  }

  #serveNeeds(cluster: Cluster): ServeNeeds {
    const common = { cluster, name: this.name, version: packageVersion(), clock: systemClock, usages: this.#usages, slots: this.#slots };
    const nothing = { folder: undefined, droppedLines: 0, restarts: 0 };
    const logs = () => this.#recording?.status ?? nothing;
    const journalFile = this.#journalFile;
    const surface = operationsOf({ ...common, logs, history: this.#history, recording: this.#recording, journalFile });
    const metrics = metricsOf({ cluster, clock: systemClock, status: () => surface.status({}) });
    const isReady = () =>
      ['running', 'degraded', 'reloading'].includes(cluster.snapshot().status) && cluster.snapshot().workers.some(({ status }) => status === 'ready');
    const probes: Probes = { isReady, metrics };
    return { surface, probes, version: packageVersion(), audit: entry => this.#events.emit({ type: 'operated', ...entry }) };
  }

  async #serveAdmin(address: NonNullable<Settings['admin']>, needs: ServeNeeds): Promise<void> {
    const tokenFile = socketPath(this.name).replace(/\.sock$/, '.token');
    const door: Door = { host: address.host, tokens: writeTokens(tokenFile) };
    const server = await serveAdmin(address, { ...needs, door });
    const host = address.host.includes(':') ? `[${address.host}]` : address.host;
    this.#servers.push(server, { port: undefined, close: async () => void removeFile(tokenFile) });
    this.#events.emit({ type: 'admin-listening', address: `http://${host}:${server.port}`, tokenFile });
  }

  /** For those who only look into the run root. */
  #followStatus(cluster: Cluster, claim: Claim): void {
    let last = '';
    this.#events.onAny(({ type }) => {
      if (!/^(?:cluster-|reload-|child-moved)/.test(type)) return;
      const { status, address } = cluster.snapshot();
      if (last === `${status} ${address?.text}`) return;
      last = `${status} ${address?.text}`;
      claim.update({ status, address: address?.text });
    });
  }

  #complain(error: unknown): void {
    this.#events.emit({ type: 'control-unavailable', reason: messageOf(error) });
  }

  get #journalFile(): string | undefined {
    const isWanted = this.#claim !== undefined && (this.#settings.flavour === 'command' || this.#settings.isProduction);
    return isWanted ? journalFile(this.name) : undefined;
  }

  readonly #write = (event: ClusterEvent): void => {
    const file = this.#journalFile;
    if (file !== undefined && isForTheJournal(event)) addToJournal(file, { seq: 0, at: wallClockMs(), event });
  };
}
