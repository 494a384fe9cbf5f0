// What the cluster makes of whatever an app worker or the agent says.

import type { Emit } from '../protocol/events.js';
import type { Clock } from '../system/clock.js';
import type { Dispatcher } from './dispatcher.js';
import type { HandOver } from './hand-over.js';
import type { Listeners } from './listeners.js';
import type { Messenger } from './messenger.js';
import type { Reception } from './reception.js';
import type { WorkerHooks, WorkerProcess } from './worker-process.js';

export interface WorkerHooksNeeds {
  readonly emit: Emit;
  readonly clock: Clock;
  readonly lingerMs: number;
  readonly handOver: HandOver;
  readonly listeners: Listeners;
  readonly reception: Reception;
  readonly messenger: Messenger;
  readonly dispatcher: Dispatcher | undefined;
  readonly apps: () => readonly WorkerProcess[];
  readonly isUp: () => boolean;
}

export function workerHooks(needs: WorkerHooksNeeds, options: unknown): WorkerHooks {
  const { emit, clock, lingerMs, handOver, listeners, reception, messenger, dispatcher, apps, isUp } = needs;
  const facts = (worker: WorkerProcess) => ({ role: worker.role, pid: worker.pid, ...worker.place });
  const pids = () => apps().map(({ place }) => String(place.id));
  return {
    options,
    clock,
    lingerMs,
    handOver,
    isUp,
    onMessage: (worker, message) => {
      if (!reception.onSignal(worker, message)) messenger.receive(message, worker.role, worker);
    },
    onInternal: (worker, message) => worker.role === 'app' && listeners.onInternal(worker, message),
    onListening: (worker, address) => {
      emit({ type: 'child-listening', ...facts(worker), address });
      reception.onListening(worker, address);
      handOver.retry();
    },
    onProbed: (worker, probe) => reception.onProbed(worker, probe),
    onDisconnect: worker => emit({ type: 'child-disconnected', ...facts(worker), askedFor: worker.isLeaving, state: worker.forked.state, pids: pids() }),
    onError: (worker, error) => emit({ type: 'child-errored', ...facts(worker), message: error.message }),
    onExit: worker => listeners.onExit(worker),
    onSettled: worker => dispatcher?.onSettled(worker),
  };
}
