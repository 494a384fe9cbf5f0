// Row G3: whether a service runs that this supervisor has not started: its pid file, the process, its health, the port. Looks, and changes nothing.

import type { ServiceStatus } from '../protocol/service-status.js';
import { isLocalHost } from '../system/local-host.js';
import { PortProof } from '../system/port-proof.js';
import { probeHttp, probeTcp, type Verdict } from '../system/probes.js';
import { isWithin } from '../system/process-tree.js';
import { runningByPidFile } from './find-running.js';
import { reachable, urlOf } from './launch.js';
import type { Service } from './service.js';

/** For a status; a start and a stop ask quicker. */
const LIMIT_MS = 3_000;

/** Healthy, alive and its own: then it is running, and not ours. */
export async function detected(service: Service, seen: ServiceStatus): Promise<ServiceStatus> {
  if (service.child !== undefined || seen.port === undefined) return seen;
  const running = runningByPidFile(service.spec);
  if (running === undefined) return seen;
  const { port, host } = seen;
  const verdict = await ask(service, host, port);
  const isForeign = isLocalHost(host) && new PortProof().verdict(port, reachable(host), running.pid, pid => isWithin(pid, running.pid)) === 'foreign';
  if (verdict !== undefined || isForeign)
    return { ...seen, reason: `process ${running.pid} lives, and is not healthy: ${verdict ?? 'another process has its port'}` };
  return { ...seen, status: 'running', running: true, pid: running.pid, isOwned: false, reason: undefined };
}

function ask({ spec: { health } }: Service, host: string, port: number): Promise<Verdict> {
  if (health.kind === 'tcp') return probeTcp(reachable(host), port, LIMIT_MS);
  if (health.kind !== 'http') return Promise.resolve(undefined);
  return probeHttp(health.target.startsWith('/') ? `${urlOf(host, port)}${health.target}` : health.target, LIMIT_MS);
}
