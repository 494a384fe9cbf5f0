// The runtime's part of a worker, before user code: servers are watched, the way out is prepared, the user's preloads are loaded.

import type { Server } from 'node:net';
import { type Boot, LAST_METRICS, type MasterWord } from '../protocol/words.js';
import { adoptConnection } from '../system/adopt-connection.js';
import { attachSocket } from '../system/attach-socket.js';
import { blockOutput } from '../system/block-own-output.js';
import { repeatUnref, systemClock } from '../system/clock.js';
import { isClusterWorker } from '../system/cluster-worker.js';
import { drainServers } from '../system/drain.js';
import { onProcessExit } from '../system/environment.js';
import { Giver } from '../system/give-connections.js';
import type { RawHandle } from '../system/held-sockets.js';
import { requireModules } from '../system/load-module.js';
import { ownMetrics } from '../system/own-metrics.js';
import { listeningAddress, type ServerTracker, trackServers } from '../system/server-tracker.js';
import { onSignals, surviveBrokenOutput } from '../system/signals.js';
import { isWorkerThread } from '../system/thread-line.js';
import { shareSockets } from '../system/thread-sockets.js';
import { forgetPreload, onWord, outliveMaster, say } from '../system/uplink.js';
import { watchVitals } from '../system/vitals.js';
import { awaitAdmission } from './admission.js';
import { setContext } from './context.js';
import { keepLastWords } from './last-words.js';
import { Leaving } from './leaving.js';
import { watchLimits } from './limits.js';
import { reportMainModule } from './main-module.js';
import { readyCheck } from './ready-check.js';
import { Watchdog } from './watchdog.js';

/** Reach the whole terminal group, but only the master decides what they mean. */
const MASTERS_SIGNALS = ['SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGBREAK'] as const;

/** One that drains may be killed at any time: what it had in flight is known well enough. */
const DRAIN_BEAT_MS = 250;

export function startWorker(boot: Boot): void {
  forgetPreload();
  outliveMaster();
  surviveBrokenOutput();
  onSignals(MASTERS_SIGNALS, () => {});
  if (boot.isRecorded) blockOutput();
  keepLastWords();
  const tracker = trackServers();
  const admission = boot.isSpare ? awaitAdmission(tracker) : undefined;
  if (boot.role === 'app') shareAndReport(tracker, boot.readyPath === undefined ? () => {} : readyCheck(boot.readyPath, tracker));
  // An agent's servers are its own business (cluster-client meets there): closing them before it does looks like a fault to it.
  const giver = new Giver();
  const leaving = new Leaving(boot, lingerMs => (boot.role === 'app' ? drainServers(tracker, giver, { lingerMs, clock: systemClock }) : Promise.resolve()));
  leaving.isServing = () => tracker.servers.size > 0;
  leaving.prepare(isClusterWorker());
  let go = () => {};
  const mayRun = boot.isEarly
    ? new Promise<void>(resolve => {
        go = resolve;
      })
    : Promise.resolve();
  setContext({ boot, tracker, leaving, mayRun });
  const vitals = watchVitals(tracker, giver);
  const beat = (isAsked = false) => {
    watchdog.pat();
    say({ act: 'beat', vitals: vitals.measure(isAsked) });
  };
  const watchdog = new Watchdog(boot);
  repeatUnref(boot.beatMs, () => beat());
  onProcessExit(() => beat()); // However it comes about, but for SIGKILL: what was in flight is known.
  onWord((word, handle) => {
    if (word.act === 'go') go();
    if (word.act === 'admitted') admission?.(word.index);
    if (word.act === 'limits') watchLimits(word, vitals);
    if (word.act === 'report') beat(true);
    if (word.act === 'watch') watchdog.start();
    if (word.act === 'metrics') {
      void ownMetrics().then(metrics => say({ act: 'metrics', n: word.n, metrics }));
    }
    if (word.act === 'adopt') adopt(tracker, word, handle);
    if (word.act === 'attach' && !(handle !== undefined && attachSocket(tracker, word.address, handle))) say({ act: 'unattached' });
    if (word.act === 'housed') giver.housed();
    if (word.act === 'stay') leaving.stay();
    if (word.act === 'leave') beat();
    if (word.act === 'leave') leaving.finish();
    if (word.act === 'drain') repeatUnref(DRAIN_BEAT_MS, () => beat());
    if (word.act === 'drain' && word.mayHandOver) giver.allow();
    if (word.act === 'drain')
      void leaving.drain(word.lingerMs).then(async () => {
        beat();
        say({ act: 'metrics', n: LAST_METRICS, metrics: await ownMetrics() });
        say({ act: 'drained' });
      });
  });
  requireModules(boot.require, boot.baseDir);
  if (boot.framework === undefined) reportMainModule(boot, tracker);
}

/** A sibling's connection. What is refused goes to another. */
function adopt(tracker: ServerTracker, { n, address, isNew }: Extract<MasterWord, { act: 'adopt' }>, handle: RawHandle | undefined): void {
  const isTaken = handle !== undefined && adoptConnection(tracker, { address, isNew, handle }, () => say({ act: 'adopted', n, ok: true }));
  if (isTaken) return;
  handle?.close();
  say({ act: 'adopted', n, ok: false });
}

/** What `cluster` does not do: sockets of a thread, and the news of servers it is not asked for. */
function shareAndReport(tracker: ServerTracker, onListening: (server: Server) => void): void {
  if (isWorkerThread) shareSockets(tracker.alone);
  tracker.onListening = server => {
    const isUnknownToMaster = isWorkerThread || tracker.alone.has(server);
    if (isUnknownToMaster) say({ act: 'listening', address: listeningAddress(server) });
    onListening(server);
  };
}
