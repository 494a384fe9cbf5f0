// The post office: user messages between parent, agent and app workers, and what is addressed to the master. Relays without
// reading more than the envelope. Owns the count of what it had to drop.

import type { Emit } from '../protocol/events.js';
import {
  type ControlAction,
  DEFAULT_TARGET,
  type Envelope,
  isMastersFact,
  isTarget,
  judgeControl,
  type Peer,
  parseEnvelope,
  receiverOf,
  type Target,
} from '../protocol/messages.js';
import type { ParentLine } from '../system/parent-line.js';
import type { WorkerProcess } from './worker-process.js';

/** Whoever can be written to. */
export type PostBox = Pick<WorkerProcess, 'role' | 'pid' | 'forked'>;

export interface MessengerNeeds {
  readonly ownPid: number;
  readonly parent: ParentLine;
  readonly agent: () => WorkerProcess | undefined;
  /** If there is none just now, there will be one. */
  readonly isAgentComing: () => boolean;
  /** Spares too: what is told to all keeps them up to date. */
  readonly apps: () => readonly PostBox[];
  readonly emit: Emit;
  /** A control action from one who may send it. */
  readonly onControl: (action: ControlAction, data: unknown, sender: WorkerProcess | undefined) => void;
}

/** Repeated complaints about one sender would fill the log: one event in so many. */
const REPORT_EVERY = 1_000;
/** More messages than these for an agent that is being replaced are dropped. */
const MOST_WAITING = 1_000;

export class Messenger {
  readonly #needs: MessengerNeeds;
  #dropped = 0;
  /** For the agent, while there is none. */
  readonly #waiting: Envelope[] = [];

  constructor(needs: MessengerNeeds) {
    this.#needs = needs;
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** From the master itself. */
  send(to: 'parent' | 'agent' | 'app', action: string, data?: unknown): void {
    this.#deliver({ action, data, to, from: 'master' }, to);
  }

  /** As if from somebody else. */
  forward(envelope: Envelope & { readonly to: Target }): void {
    this.#deliver(envelope, envelope.to);
  }

  sendTo(worker: WorkerProcess, action: string, data?: unknown): void {
    this.#post(worker, { action, data, to: worker.role, from: 'master' });
  }

  /** Anything at all that a child or the parent sent. Never throws. */
  receive(message: unknown, from: Peer, sender?: WorkerProcess): void {
    const parsed = parseEnvelope(message);
    if ('malformed' in parsed) return this.#drop(from, parsed.malformed);
    const envelope: Envelope = { ...parsed, from };
    const receiver = receiverOf(envelope);
    const isForMaster = receiver === undefined ? (envelope.to ?? DEFAULT_TARGET[from]) === 'master' : receiver === String(this.#needs.ownPid);
    if (from !== 'master' && !isForMaster && isMastersFact(envelope.action))
      return this.#drop(from, `only the master says ${envelope.action}`, envelope.action);
    if (receiver === undefined) this.#deliver(envelope, isTarget(envelope.to) ? envelope.to : DEFAULT_TARGET[from], sender);
    else this.#deliverTo(receiver, envelope, sender);
  }

  #deliverTo(receiver: string, envelope: Envelope, sender?: WorkerProcess): void {
    if (receiver === String(this.#needs.ownPid)) return this.#onMaster(envelope, sender);
    const worker = this.#everyone().find(({ pid }) => String(pid) === receiver);
    if (worker === undefined) return this.#drop(envelope.from ?? 'unknown', `no worker has pid ${receiver.slice(0, 40)}`, envelope.action);
    this.#post(worker, { ...envelope, to: worker.role });
  }

  #deliver(envelope: Envelope, to: Target, sender?: WorkerProcess): void {
    if (to === 'master') return this.#onMaster(envelope, sender);
    if (to === 'parent') return this.#needs.parent.send(envelope);
    const addressed = envelope.to ? envelope : { ...envelope, to };
    if (to === 'agent' || to === 'both') this.#toAgent(addressed, to === 'both');
    if (to === 'app' || to === 'both') for (const app of this.#needs.apps()) this.#post(app, addressed);
  }

  /** What is for an agent that is being replaced waits for the next one. */
  #toAgent(envelope: Envelope, isToOthersToo: boolean): void {
    const agent = this.#needs.agent();
    if (agent !== undefined && !agent.isLeaving) return this.#post(agent, envelope);
    if (envelope.from === 'master') return; // It will be told anew.
    if (this.#needs.isAgentComing() && this.#waiting.length < MOST_WAITING) this.#waiting.push(envelope);
    else if (!isToOthersToo) this.#drop(envelope.from ?? 'unknown', 'there is no agent just now', envelope.action);
  }

  /** It is ready. */
  agentIsBack(): void {
    for (const envelope of this.#waiting.splice(0)) this.#toAgent(envelope, false);
  }

  #post(worker: PostBox, envelope: Envelope): void {
    if (worker.forked.send(envelope)) return;
    const reason = worker.forked.isConnected ? 'it does not read, too many messages wait already' : 'its channel is closed';
    this.#drop(envelope.from ?? 'master', `${worker.role} ${worker.pid}: ${reason}`, envelope.action);
  }

  #onMaster({ action, data, from }: Envelope, sender?: WorkerProcess): void {
    const peer = (from ?? 'parent') as Peer;
    const verdict = judgeControl(action, peer);
    if ('refuse' in verdict) return this.#drop(peer, verdict.refuse, action);
    if ('control' in verdict) return this.#needs.onControl(verdict.control, data, sender);
    this.#needs.emit({ type: 'message-received', from: peer, action, data });
  }

  #drop(from: string, reason: string, action?: string): void {
    this.#dropped++;
    if (this.#dropped % REPORT_EVERY === 1) this.#needs.emit({ type: 'message-dropped', from, reason, action });
  }

  #everyone(): readonly PostBox[] {
    const agent = this.#needs.agent();
    return agent ? [agent, ...this.#needs.apps()] : this.#needs.apps();
  }
}
