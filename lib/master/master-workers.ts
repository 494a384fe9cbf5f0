// Who is there, in the words of egg-cluster's worker manager: a view of the cluster, read only.

import type { ChildSnapshot } from '../protocol/snapshot.js';
import type { Cluster } from './cluster.js';

export interface MasterWorker {
  readonly id: number;
  /** Its pid, or in worker_threads its thread's id. */
  readonly workerId: number;
  readonly status: string;
  readonly state: string;
}

export class WorkerManager {
  readonly #cluster: () => Cluster | undefined;

  constructor(cluster: () => Cluster | undefined) {
    this.#cluster = cluster;
  }

  getAgent(): MasterWorker | undefined {
    const agent = this.#cluster()?.snapshot().agent;
    return agent && workerOf(agent);
  }
  getWorker(workerId: number): MasterWorker | undefined {
    return this.listWorkers().find(worker => worker.workerId === workerId);
  }
  listWorkers(): MasterWorker[] {
    return (this.#cluster()?.snapshot().workers ?? []).map(workerOf);
  }
  getWorkers(): number[] {
    return this.listWorkerIds();
  }
  listWorkerIds(): number[] {
    return this.listWorkers().map(({ workerId }) => workerId);
  }
  getListeningWorkerIds(): number[] {
    return this.listWorkers()
      .filter(({ state }) => state === 'listening')
      .map(({ workerId }) => workerId);
  }
  count(): { readonly agent: number; readonly worker: number } {
    return { agent: this.getAgent()?.status === 'started' ? 1 : 0, worker: this.listWorkers().length };
  }
}

function workerOf({ id, pid, status }: ChildSnapshot): MasterWorker {
  const isReady = status === 'ready';
  return { id, workerId: pid, status: isReady ? 'started' : status, state: isReady ? 'listening' : status };
}
