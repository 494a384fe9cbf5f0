// Where the cluster can be reached, by what its workers say; and by that, when they count as started.

import type { Address, ListeningAddress } from '../protocol/events.js';
import { parseRealPort } from '../protocol/messages.js';
import type { Probe } from '../protocol/words.js';
import { variable } from '../system/environment.js';
import { addressOf } from './address.js';
import type { Settings } from './settings.js';
import type { WorkerProcess } from './worker-process.js';

/** What there is to show that one has started. */
interface Proof {
  /** Undefined: nothing has to be answered. */
  readonly readyPath: string | undefined;
  hasSignalled: boolean;
  probe: Probe | undefined;
}

export interface MissingAnswer {
  readonly path: string;
  /** Undefined: it was not even asked yet. */
  readonly answer: string | undefined;
}

export class Reception {
  readonly #settings: () => Settings;
  readonly #proofs = new WeakMap<WorkerProcess, Proof>();
  /** Of the first app worker that counted. */
  address: Address | undefined;

  constructor(settings: () => Settings) {
    this.#settings = settings;
  }

  /** @param readyPath answered with 2xx before it counts as started */
  expect(worker: WorkerProcess, readyPath: string | undefined): void {
    this.#proofs.set(worker, { readyPath, hasSignalled: false, probe: undefined });
  }

  /** What its readiness path has answered so far; undefined where it is started without, or was reached. */
  missingAnswer(worker: WorkerProcess): MissingAnswer | undefined {
    const { readyPath: path, probe } = this.#proofs.get(worker) ?? {};
    return path === undefined || probe?.ok ? undefined : { path, answer: probe?.answer };
  }

  onProbed(worker: WorkerProcess, probe: Probe): void {
    const proof = this.#proofs.get(worker);
    if (proof === undefined) return;
    proof.probe = probe;
    this.#consider(worker);
  }

  /** It may come after the listening it speaks of. */
  onRealPort(worker: WorkerProcess, data: unknown): void {
    worker.realPort = parseRealPort(data) ?? worker.realPort;
    for (const address of worker.listening.splice(0)) this.onListening(worker, address);
  }

  /** Under a framework only its real port (or a path) counts: an app may well listen elsewhere before. */
  onListening(worker: WorkerProcess, address: ListeningAddress): void {
    worker.listening.push(address);
    const { program, port, isHttps } = this.#settings();
    const isReal = address.addressType === -1 || address.port === (worker.realPort?.port ?? port);
    if (worker.address !== undefined || (program.kind === 'framework' && !isReal)) return;
    worker.address = address;
    this.address ??= addressOf(address, worker.realPort?.isHttps ?? isHttps, variable('HOST'));
    this.#consider(worker);
  }

  /** False for any other message than the one that says that it is ready. */
  onSignal(worker: WorkerProcess, message: unknown): boolean {
    if (worker.role !== 'app' || this.#settings().readyOn !== 'signal' || !isReadySignal(message)) return false;
    const proof = this.#proofs.get(worker);
    if (proof !== undefined) proof.hasSignalled = true;
    this.#consider(worker);
    return true;
  }

  /** It counts as started once everything has come that was asked for, in whatever order. */
  #consider(worker: WorkerProcess): void {
    const proof = this.#proofs.get(worker);
    const { program, readyOn } = this.#settings();
    const isUp = program.kind === 'framework' || readyOn === 'listening' ? worker.address !== undefined : proof?.hasSignalled;
    if (isUp && this.missingAnswer(worker) === undefined) worker.reportReady();
  }
}

export function isReadySignal(message: unknown): boolean {
  return message === 'ready' || (message as { action?: unknown } | null)?.action === 'ready';
}
