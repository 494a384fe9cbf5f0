// What one cluster can be asked from outside: the verbs, as its control server and its handle do them.

import { ClusterError } from '../errors.js';
import { type CommonNeeds, commonSurface, noServices } from '../instance/common-surface.js';
import type { Surface } from '../protocol/control.js';
import type { Account, LossAccount } from '../protocol/snapshot.js';
import type { Clock } from '../system/clock.js';
import { askVitals } from './ask-vitals.js';
import { difference } from './losses.js';
import { heartbeatsOf, type StatusNeeds, statusOf } from './status.js';
import type { WorkerProcess } from './worker-process.js';

export function operationsOf(needs: StatusNeeds & CommonNeeds): Surface {
  const { cluster, clock } = needs;
  const account = async (action: () => Promise<void>): Promise<Account> => {
    const startedAt = clock.now();
    const before = lossesOf(needs);
    await action();
    const losses = difference(await lossesOf(needs), await before);
    const ready = cluster.snapshot().workers.filter(({ status }) => status === 'ready');
    return { tookMs: took(clock, startedAt), workers: ready.map(({ pid }) => pid), generation: cluster.generation, losses };
  };
  return {
    ...commonSurface(needs),
    ...noServices('A cluster'),
    status: () => statusOf(needs),
    heartbeat: async () => heartbeatsOf(needs),
    reload: () => account(() => cluster.reload()),
    restart: () => account(() => cluster.restart()),
    scale: ({ workers }) => account(() => cluster.resize(workers)),
    upgrade: async ({ node }) => {
      const startedAt = clock.now();
      const before = lossesOf(needs);
      const masterPid = await cluster.upgrade(node);
      await cluster.stopped; // Drained; this answer is the last thing that is said here.
      return { tookMs: took(clock, startedAt), masterPid, losses: difference(cluster.snapshot().losses, await before) };
    },
    stop: async ({ force }) => {
      const startedAt = clock.now();
      void cluster.stop(force ? { force: AbortSignal.abort() } : {});
      const { forced, survived, names, losses } = await cluster.stopped; // Not `stop`, which may wait for this very answer to be written.
      return { tookMs: took(clock, startedAt), forced, survived, names, losses };
    },
    kill: async ({ worker, signal }) => {
      const found = findWorker(cluster.children, worker);
      found.operatorSignal = signal ?? 'SIGKILL';
      found.forked.signal(found.operatorSignal as NodeJS.Signals);
      return { pid: found.pid };
    },
  };
}

async function lossesOf({ cluster, clock }: StatusNeeds): Promise<LossAccount> {
  await askVitals(cluster.children, clock);
  return cluster.snapshot().losses;
}

const took = (clock: Clock, startedAt: number) => Math.round(clock.now() - startedAt);

/** By its id (3 of app_worker#3), its pid, or `agent`. */
function findWorker(children: readonly WorkerProcess[], wanted: string): WorkerProcess {
  const number = Number(wanted.replace('#', ''));
  const isPid = ({ pid }: WorkerProcess) => !wanted.startsWith('#') && pid === number;
  const isId = ({ role, place: { id } }: WorkerProcess) => role === 'app' && id === number;
  const found = children.find(child => (wanted === 'agent' ? child.role === 'agent' : isPid(child))) ?? children.find(isId);
  if (found !== undefined) return found;
  const candidates = children.map(({ role, pid, place: { id } }) => `${role === 'agent' ? 'agent' : `#${id}`} (pid ${pid})`);
  throw new ClusterError('ERR_UNKNOWN_NAME', `There is no worker ${wanted}. There are: ${candidates.join(', ') || 'none'}.`, { details: { candidates } });
}
