// What the command line and startCluster share: observers, signals, and the way from a stop to an exit code.

import { isClusterError } from '../errors.js';
import { EventBus } from '../instance/event-bus.js';
import { Instance } from '../instance/instance.js';
import type { SignalHandlers } from '../instance/signals.js';
import { SlotBook } from '../instance/slot-book.js';
import { logEvents } from '../observe/log.js';
import { type DeferredLogger, deferred, masterLogger } from '../observe/logger.js';
import { tellParent } from '../observe/tell-parent.js';
import type { ClusterEvent } from '../protocol/events.js';
import { EVENTS_VARIABLE } from '../protocol/testing-words.js';
import type { StopReport } from '../supervision/stop-in-order.js';
import { systemClock } from '../system/clock.js';
import { onProcessExit, ownPid, variable } from '../system/environment.js';
import { HeldSockets } from '../system/held-sockets.js';
import { parentLine } from '../system/parent-line.js';
import { surviveBrokenOutput } from '../system/signals.js';
import { inheritedFrom, placesOf, takeSystemdSockets } from '../system/systemd-sockets.js';
import { Cluster } from './cluster.js';
import { followKeeper, type Kept, keptNeeds, newSuccession, notKept } from './kept.js';
import { rereading } from './rereading.js';
import { instanceFacts, servedCluster, suspectRoot } from './serve.js';
import type { Settings } from './settings.js';
import { settlePort } from './settle-port.js';
import { followForSystemd } from './under-systemd.js';

/** After the first fork there is more to fork; then there is time to load the logger, beside children that boot. */
const LOGGER_AFTER_MS = 30;
/** The same for the control server. */
const SERVE_AFTER_MS = 5;
/** Life-cycle lines are for debugging while developing. */
export function isQuiet({ serverEnv, nodeEnv }: Settings): boolean {
  return serverEnv === 'local' || nodeEnv === 'development';
}

export interface Preparations {
  readonly logger?: DeferredLogger;
  /** To be told first. */
  readonly suspicions?: readonly ClusterEvent[];
  /** Instead of a reload. */
  readonly onReloadAsked?: () => void;
  /** The process lives on after a stop: its name is given back then. */
  readonly isShared?: boolean;
  /** The options, read anew. Throws one ClusterError that lists everything that is wrong. */
  readonly reread?: (() => Promise<Settings>) | undefined;
  /** Undefined: nobody keeps this process. */
  readonly kept?: Kept | undefined;
  /** Instead of a stop. */
  readonly onKilledByDebugger?: () => void;
}

export interface Prepared {
  readonly cluster: Cluster;
  readonly instance: Instance;
  /** Says the exit code while there is still somebody to record it. */
  announceExit(code: number): void;
}

/** Wires a cluster whose facts are logged. Nothing is forked yet. */
export async function prepareCluster(
  settings: Settings,
  { logger = deferred(masterLogger()), suspicions = [], isShared = false, kept, reread, ...hooks }: Preparations = {},
): Promise<Prepared> {
  const events = new EventBus();
  const parent = parentLine(kept && (() => kept.birth.hasParent));
  surviveBrokenOutput();
  events.onAny(logEvents(logger, isQuiet(settings)));
  const forgetFork = events.on('child-forked', () => {
    forgetFork();
    systemClock.after(LOGGER_AFTER_MS, () => logger.open());
  });
  events.on('cluster-started', () => logger.open()); // The lines are written before anybody is told.
  if (variable(EVENTS_VARIABLE) === '1') events.onAny(tellParent(parent));
  for (const suspicion of suspicions) events.emit(suspicion);
  let isAnnounced = false;
  const announceExit = (code: number) => {
    if (!isAnnounced) events.emit({ type: 'master-left', code });
    isAnnounced = true;
    logger.open();
  };
  onProcessExit(announceExit);
  const instance = new Instance(instanceFacts(settings, kept), events);
  const slots = new SlotBook();
  events.onAny(slots.read);
  await instance.open();
  suspectRoot(settings, events);
  const passed = kept === undefined ? takeSystemdSockets() : [];
  const places = kept?.birth.passed ?? placesOf(passed);
  const settled = await settlePort(settings, { kept, places, emit: event => events.emit(event) }).catch(async error => {
    await instance.close();
    throw error;
  });
  const { mark, recording, hangFolder } = instance;
  const logs = recording === undefined ? undefined : settled.logs; // A pipe that nobody reads would stop its writer.
  const effective = { ...settled, logs, hangFolder, keeperPid: kept?.line.pid };
  const succession = kept && newSuccession(kept, () => cluster, instance);
  const cluster: Cluster = new Cluster(effective, {
    pid: kept?.line.pid ?? ownPid(),
    reread: reread && rereading({ asked: settings, effective, kept, places, emit: event => events.emit(event) }, reread),
    ...(kept && succession ? keptNeeds(kept, succession, settings) : { upgrade: notKept, sockets: new HeldSockets(inheritedFrom(passed)) }),
    clock: systemClock,
    random: Math.random,
    parent,
    events,
    mark,
    recording,
    surface: () => instance.surface,
    release: isShared ? () => instance.close() : undefined,
    ...hooks,
  });
  if (settings.flavour === 'command') followForSystemd(cluster, events, kept?.line.pid ?? ownPid());
  const forgetForServing = events.on('child-forked', () => {
    forgetForServing();
    systemClock.after(SERVE_AFTER_MS, () => void instance.serve(servedCluster(cluster, instance, slots)));
  });
  if (kept && succession) followKeeper({ kept, cluster, instance, succession, handlers: signalHandlers(cluster) });
  return { cluster, instance, announceExit };
}

/** What they mean to one cluster. */
export function signalHandlers(cluster: Cluster): SignalHandlers {
  return {
    stop: (signal, haste) => void cluster.stop({ ...haste, signal }),
    reload: () => cluster.reload(), // A failure is told by its event.
    hurried: (signal, leftMs) => cluster.tell({ type: 'cluster-stop-hurried', signal, leftMs }),
    resize: by => void cluster.resize(Math.max(1, cluster.snapshot().size + by)).catch(() => {}), // It is tried on.
    upgrade: () => void cluster.upgrade().catch(error => isClusterError(error) && error.code === 'ERR_NO_KEEPER' && cluster.tell(upgradeFailed(error))),
    isQuitFast: cluster.settings.upkeep.isQuitFast,
  };
}

/** Where there is a keeper, its refusal is told as it comes. */
const upgradeFailed = ({ message }: Error) => ({ type: 'upgrade-failed', message }) as const;

export function exitCodeOfStop({ survived, failed }: StopReport): number {
  return survived.length > 0 || failed.size > 0 ? 1 : 0;
}
