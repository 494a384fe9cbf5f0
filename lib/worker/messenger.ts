// Messages of user code in agent and app workers: to each other, to the master and its parent; with replies when asked.

import { ClusterError } from '../errors.js';
import { type Envelope, parseEnvelope, type Target } from '../protocol/messages.js';
import { afterUnref } from '../system/clock.js';
import { ownPid } from '../system/environment.js';
import { onUserMessage, sendUserMessage } from '../system/uplink.js';
import { workerContext } from './context.js';

export type Listener = (data: unknown, envelope: Envelope) => void;
export type Responder = (data: unknown, envelope: Envelope) => unknown;

const REQUEST = 'app-cluster:request';
const REPLY = 'app-cluster:reply';
const REQUEST_TIMEOUT_MS = 5_000;

interface Request {
  readonly id: number;
  readonly pid: number;
  readonly action: string;
  readonly data: unknown;
}

interface Reply {
  readonly id: number;
  readonly data?: unknown;
  readonly error?: string;
}

interface Pending {
  resolve(data: unknown): void;
  reject(error: Error): void;
}

class Messenger {
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #responders = new Map<string, Responder>();
  readonly #pending = new Map<number, Pending>();
  #peers: readonly number[] = [];
  #lastId = 0;
  #isListening = false;

  constructor() {
    if (workerContext() !== undefined) this.#listen(); // What is told before anybody asks is of use, too: the peers.
  }

  /** Pids of the other side: of the app workers in the agent, of the agent in an app worker. */
  get peers(): readonly number[] {
    return this.#peers;
  }

  /** To agent and all app workers, this one included. */
  broadcast(action: string, data?: unknown): void {
    this.send(action, data, 'both');
  }
  sendToAgent(action: string, data?: unknown): void {
    this.send(action, data, 'agent');
  }
  sendToApp(action: string, data?: unknown): void {
    this.send(action, data, 'app');
  }
  /** To the one process of that pid. */
  sendTo(pid: number, action: string, data?: unknown): void {
    sendUserMessage({ action, data, receiverPid: String(pid), receiverWorkerId: String(pid) });
  }
  /** To one of the other side. False when there is nobody just now. */
  sendRandom(action: string, data?: unknown): boolean {
    const pid = this.#anyone();
    if (pid !== undefined) this.sendTo(pid, action, data);
    return pid !== undefined;
  }
  /** Without `to`: from an app worker to the agent, from the agent to all app workers. */
  send(action: string, data?: unknown, to?: Target): void {
    sendUserMessage(to === undefined ? { action, data } : { action, data, to });
  }

  on(action: string, listener: Listener): this {
    this.#listen();
    const listeners = this.#listeners.get(action) ?? new Set();
    this.#listeners.set(action, listeners.add(listener));
    return this;
  }
  once(action: string, listener: Listener): this {
    const once: Listener = (data, envelope) => {
      this.off(action, once);
      listener(data, envelope);
    };
    return this.on(action, once);
  }
  off(action: string, listener: Listener): this {
    this.#listeners.get(action)?.delete(listener);
    return this;
  }

  /** Answers requests of that name: with what it returns, or with its error. */
  respond(action: string, responder: Responder): this {
    this.#listen();
    this.#responders.set(action, responder);
    return this;
  }

  /**
   * Asks the agent, any app worker, or the process of a pid, and resolves with its answer.
   * Rejects with ERR_REQUEST_TIMEOUT after `timeout` ms (default 5000), with ERR_REQUEST_FAILED when the other side threw or has no responder.
   */
  request(to: 'agent' | 'app' | number, action: string, data?: unknown, { timeout = REQUEST_TIMEOUT_MS }: { timeout?: number } = {}): Promise<unknown> {
    this.#listen();
    const id = ++this.#lastId;
    const request: Request = { id, pid: ownPid(), action, data };
    const pid = typeof to === 'number' ? to : this.#roleOf(to);
    return new Promise((resolve, reject) => {
      const cancel = afterUnref(timeout, () => {
        this.#pending.delete(id);
        reject(
          new ClusterError(
            'ERR_REQUEST_TIMEOUT',
            `The ${to} did not answer ${JSON.stringify(action)} within ${timeout} ms. Is it running, and does it respond to that?`,
          ),
        );
      });
      this.#pending.set(id, {
        resolve: answer => {
          cancel();
          resolve(answer);
        },
        reject: error => {
          cancel();
          reject(error);
        },
      });
      if (pid === undefined) this.send(REQUEST, request, to as Target);
      else this.sendTo(pid, REQUEST, request);
    });
  }

  /** Not before it is needed where no master of ours is: in any other program listening would keep a channel, and with it the process, open. */
  #listen(): void {
    if (this.#isListening) return;
    this.#isListening = true;
    onUserMessage(message => this.#onMessage(message));
  }

  /** One pid is enough for a request to apps; without one known all are asked, and the first answer counts. There is one agent, whatever its pid. */
  #roleOf(role: 'agent' | 'app'): number | undefined {
    return role === 'app' && workerContext()?.boot.role === 'agent' ? this.#anyone() : undefined;
  }

  #anyone(): number | undefined {
    return this.#peers[Math.floor(Math.random() * this.#peers.length)];
  }

  #onMessage(message: unknown): void {
    const envelope = parseEnvelope(message);
    if ('malformed' in envelope) return;
    const { action, data } = envelope;
    if (action === REQUEST) return void this.#answer(data as Request, envelope);
    if (action === REPLY) return this.#onReply(data as Reply);
    if (action === 'egg-pids' && Array.isArray(data)) this.#peers = data as number[];
    for (const listener of [...(this.#listeners.get(action) ?? [])]) listener(data, envelope);
  }

  async #answer({ id, pid, action, data }: Request, envelope: Envelope): Promise<void> {
    const responder = this.#responders.get(action);
    const answer = (reply: Omit<Reply, 'id'>) => this.sendTo(pid, REPLY, { id, ...reply });
    if (responder === undefined) return answer({ error: `nobody responds to ${JSON.stringify(action)} in process ${ownPid()}` });
    try {
      answer({ data: await responder(data, envelope) });
    } catch (error) {
      answer({ error: error instanceof Error ? error.message : String(error) });
    }
  }

  #onReply({ id, data, error }: Reply): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (error === undefined) pending?.resolve(data);
    else pending?.reject(new ClusterError('ERR_REQUEST_FAILED', `The request failed on the other side: ${error}`));
  }
}

export type { Messenger };
export const messenger = new Messenger();
