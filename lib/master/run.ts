// What the command line and startCluster share: observers, signals, and the way from a stop to an exit code.

import { logEvents } from '../observe/log.js';
import { deferred, masterLogger } from '../observe/logger.js';
import { tellParent } from '../observe/tell-parent.js';
import type { ClusterEvent } from '../protocol/events.js';
import { EVENTS_VARIABLE } from '../protocol/testing-words.js';
import type { StopReport } from '../supervision/stop-in-order.js';
import { type Clock, systemClock } from '../system/clock.js';
import { onProcessExit, variable } from '../system/environment.js';
import { parentLine } from '../system/parent-line.js';
import { onSignals, surviveBrokenOutput } from '../system/signals.js';
import { Cluster } from './cluster.js';
import { EventBus } from './event-bus.js';
import type { Settings } from './settings.js';
import { settlePort } from './settle-port.js';

const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGBREAK'] as const;
/** After the first fork there is more to fork; then there is time to load the logger, beside children that boot. */
const LOGGER_AFTER_MS = 30;
/** What is left after the second signal; the third leaves nothing. */
export const IMPATIENCE_MS = 2_000;

/** Wires a cluster whose facts are logged. Nothing is forked yet. */
export async function prepareCluster(settings: Settings, suspicions: readonly ClusterEvent[] = []): Promise<Cluster> {
  const events = new EventBus();
  const parent = parentLine();
  const isQuiet = settings.serverEnv === 'local' || settings.nodeEnv === 'development';
  surviveBrokenOutput();
  const logger = deferred(masterLogger());
  events.onAny(logEvents(logger, isQuiet));
  const forgetFork = events.on('child-forked', () => {
    forgetFork();
    systemClock.after(LOGGER_AFTER_MS, () => logger.open());
  });
  events.on('cluster-started', () => logger.open()); // The lines are written before anybody is told.
  if (variable(EVENTS_VARIABLE) === '1') events.onAny(tellParent(parent));
  for (const suspicion of suspicions) events.emit(suspicion);
  onProcessExit(code => {
    events.emit({ type: 'master-left', code });
    logger.open();
  });
  const settled = await settlePort(settings, event => events.emit(event));
  return new Cluster(settled, { clock: systemClock, random: Math.random, parent, events });
}

/** TERM, INT, QUIT: the first stops, the second leaves two seconds, the third none. HUP reloads. */
export function obeySignals(cluster: Cluster, clock: Clock = systemClock): void {
  const impatient = new AbortController();
  let received = 0;
  onSignals(['SIGHUP'], () => void cluster.reload().catch(() => {})); // A failure is told by its event.
  onSignals(STOP_SIGNALS, signal => {
    received++;
    if (received === 1) void cluster.stop({ force: impatient.signal, signal });
    else hurry(cluster, { signal, impatient, clock, leftMs: received === 2 ? IMPATIENCE_MS : 0 });
  });
}

function hurry(cluster: Cluster, { signal, impatient, clock, leftMs }: { signal: string; impatient: AbortController; clock: Clock; leftMs: number }): void {
  cluster.tell({ type: 'cluster-stop-hurried', signal, leftMs });
  if (leftMs === 0) impatient.abort();
  else clock.after(leftMs, () => impatient.abort());
}

export function exitCodeOfStop({ survived, failed }: StopReport): number {
  return survived.length > 0 || failed.size > 0 ? 1 : 0;
}
