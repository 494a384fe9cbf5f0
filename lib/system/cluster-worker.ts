// Whether this process is a worker of somebody's `cluster`.

import cluster from 'node:cluster';

export function isClusterWorker(): boolean {
  return cluster.isWorker;
}
