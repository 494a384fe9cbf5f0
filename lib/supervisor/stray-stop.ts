// Row G7: a stop of a service that this supervisor has not started. By its pid file it is found and ended; where only its health answers, its
// stop command is all there is.

import { STOP_COMMAND_MS } from '../protocol/service-spec.js';
import type { ServiceStopAccount } from '../protocol/service-status.js';
import { probeHttp, runWithin } from '../system/probes.js';
import { runningByPidFile } from './find-running.js';
import { launchOf, urlOf } from './launch.js';
import type { Service } from './service.js';

const HEALTH_MS = 1_000;

/** Undefined: there is none, or it is looked after now and can be stopped like any other. */
export async function stopStray(service: Service, fullName: string, optionsFile: string): Promise<ServiceStopAccount | undefined> {
  const { spec, child, name } = service;
  if (child !== undefined || service.isGoing) return undefined;
  const running = runningByPidFile(spec);
  if (running !== undefined) {
    void service.adopt(running, false).catch(() => {}); // The stop comes next, and overtakes it.
    return undefined;
  }
  const port = service.record.state.port ?? spec.port?.preferred;
  if (!spec.isProfile || spec.health.kind !== 'http' || port === undefined) return undefined;
  const answers = async () => (await probeHttp(`${urlOf(spec.host, port)}/health`, HEALTH_MS)) === undefined;
  if (!(await answers())) return undefined;
  const { stopCommand, program, environment } = launchOf(spec, { fullName, host: spec.host, port, optionsFile });
  if (stopCommand !== undefined) await runWithin({ command: stopCommand, cwd: program.cwd, env: environment, mark: '' }, STOP_COMMAND_MS);
  const remains = (await answers()) ? [`its health answers on port ${port}, and no process of it is known: no PID available. End it where it was started`] : [];
  return { service: name, tookMs: 0, forced: [], remains };
}
