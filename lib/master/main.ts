// Entry of the master process: `app-cluster start` in the foreground.

import { ClusterError, exitCodeOf, messageOf } from '../errors.js';
import { tellDaemonReady } from '../instance/daemon-ready.js';
import type { Instance } from '../instance/instance.js';
import { obeySignals } from '../instance/signals.js';
import { issuesError } from '../protocol/options.js';
import { commandLine, exitProcess } from '../system/environment.js';
import { openKeeperLine } from '../system/keeper-line.js';
import { onUncaught, printError } from '../system/last-resort.js';
import { type Kept, keptBy } from './kept.js';
import { collectOptions } from './options-sources.js';
import { resolveSettings } from './resolve-settings.js';
import { exitCodeOfStop, prepareCluster, signalHandlers } from './run.js';
import type { Settings } from './settings.js';

/** Our own bug: what can still be stopped is stopped. */
const EXIT_BUG = 70;
const EXIT_ORPHANED = 1;

async function main(argv: readonly string[]): Promise<number> {
  const settings = await settingsOf(argv);
  const kept = await keptBy(LINE);
  const { cluster, instance, announceExit } = await prepareCluster(settings, { kept, reread: () => settingsOf(argv) });
  const leave = async (code: number) => {
    announceExit(code);
    await instance.close();
    await LINE?.flushed();
    return code;
  };
  let exitCode: number | undefined;
  onUncaught(error => {
    cluster.tell({ type: 'master-erred', message: error instanceof Error ? (error.stack ?? error.message) : messageOf(error) });
    exitCode = EXIT_BUG;
    void cluster.stop();
  });
  cluster.on('cluster-lost', () => {
    exitCode = 1;
  });
  if (kept === undefined) obeySignals(signalHandlers(cluster));
  // What it does of itself is for the keeper to answer: with a new master.
  cluster.on('cluster-stopping', () => {
    if (exitCode === undefined && cluster.wasTold) LINE?.say({ act: 'stopping' });
  });
  const failure = await cluster.start().then(
    () => undefined,
    (error: unknown) => error,
  );
  if (failure !== undefined) LINE?.say({ act: 'failed', reason: messageOf(failure) });
  if (failure !== undefined && !cluster.wasTold) return leave(exitCode ?? exitCodeOf(failure)); // Logged already.
  if (failure === undefined) await takeOffice(kept, instance);
  if (failure === undefined) await tellDaemonReady(instance, cluster.address?.text);
  const report = await cluster.stopped; // What went wrong meanwhile is known only then.
  return leave(exitCode ?? exitCodeOfStop(report));
}

/** It serves: a predecessor may leave now. */
async function takeOffice(kept: Kept | undefined, instance: Instance): Promise<void> {
  if (kept?.birth.isUpgrade) await instance.inherit();
  kept?.line.say({ act: 'ready' });
}

async function settingsOf(argv: readonly string[]): Promise<Settings> {
  const { options, issues } = await collectOptions(argv);
  if (issues.length > 0) throw issuesError(issues);
  return resolveSettings(options, 'command');
}

/** Opened first: whoever keeps us waits for a word. */
const OPENED = openKeeperLine();
if (OPENED === 'lost') exitProcess(EXIT_ORPHANED); // Nobody knows of this process.
const LINE = OPENED;

const EXIT_CODE = await main(commandLine().slice(1)).catch((error: unknown) => {
  LINE?.say({ act: 'failed', reason: messageOf(error) });
  printError(`app-cluster: ${error instanceof ClusterError ? `${error.message} (${error.code})` : error instanceof Error ? error.stack : String(error)}`);
  return exitCodeOf(error);
});
exitProcess(EXIT_CODE);
