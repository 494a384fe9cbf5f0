// Where the cluster can be reached, by what its workers say; and by that, when they count as started.

import type { Address, ListeningAddress } from '../protocol/events.js';
import { parseRealPort } from '../protocol/messages.js';
import { variable } from '../system/environment.js';
import { addressOf } from './address.js';
import type { Settings } from './settings.js';
import type { WorkerProcess } from './worker-process.js';

export class Reception {
  readonly #settings: () => Settings;
  /** Of the first app worker that counted. */
  address: Address | undefined;

  constructor(settings: () => Settings) {
    this.#settings = settings;
  }

  /** It may come after the listening it speaks of. */
  onRealPort(worker: WorkerProcess, data: unknown): void {
    worker.realPort = parseRealPort(data) ?? worker.realPort;
    for (const address of worker.listening.splice(0)) this.onListening(worker, address);
  }

  /** Under a framework only its real port (or a path) counts: an app may well listen elsewhere before. */
  onListening(worker: WorkerProcess, address: ListeningAddress): void {
    worker.listening.push(address);
    const { program, port, readyOn, isHttps } = this.#settings();
    const isReal = address.addressType === -1 || address.port === (worker.realPort?.port ?? port);
    if (worker.address !== undefined || (program.kind === 'framework' && !isReal)) return;
    worker.address = address;
    this.address ??= addressOf(address, worker.realPort?.isHttps ?? isHttps, variable('HOST'));
    if (program.kind === 'framework' || readyOn === 'listening') worker.reportReady();
  }
}
