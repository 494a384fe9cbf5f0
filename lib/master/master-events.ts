// The cluster's facts, as events of egg-cluster's Master, and the messages that user code sends to the master.

import type { EventEmitter } from 'node:events';
import type { Cluster } from './cluster.js';

/** Names that an action of user code can never have on the emitter: facts of the runtime, and what emitters do by themselves. */
const RESERVED: ReadonlySet<string> = new Set(['agent-start', 'agent-exit', 'app-start', 'app-exit', 'reload-worker', 'newListener', 'removeListener']);

export function announceTo(master: EventEmitter, cluster: Cluster): void {
  cluster.on('child-started', ({ role, pid, address }) => {
    if (role === 'agent') master.emit('agent-start');
    else master.emit('app-start', { workerId: pid, workerPid: pid, address });
  });
  cluster.on('child-left', ({ role, pid, exit: { code, signal } }) => {
    if (role === 'agent') master.emit('agent-exit', { code, signal });
    else master.emit('app-exit', { workerId: pid, workerPid: pid, code, signal });
  });
  cluster.on('message-received', ({ action, data }) => {
    const isHeard = !RESERVED.has(action) && master.listenerCount(action) > 0; // 'error' that nobody hears would be thrown.
    if (isHeard) master.emit(action, data);
  });
}

/** Overridden, or patched into the prototype, they are called at their event. */
export const HANDLERS = [
  ['agent-start', 'onAgentStart'],
  ['agent-exit', 'onAgentExit'],
  ['app-start', 'onAppStart'],
  ['app-exit', 'onAppExit'],
  ['reload-worker', 'onReload'],
] as const;
