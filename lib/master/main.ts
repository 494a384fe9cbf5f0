// Entry of the master process: `app-cluster start` in the foreground.

import { ClusterError, exitCodeOf, messageOf } from '../errors.js';
import { tellDaemonReady } from '../instance/daemon-ready.js';
import { obeySignals } from '../instance/signals.js';
import { issuesError } from '../protocol/options.js';
import { commandLine, exitProcess } from '../system/environment.js';
import { onUncaught, printError } from '../system/last-resort.js';
import { collectOptions } from './options-sources.js';
import { resolveSettings } from './resolve-settings.js';
import { exitCodeOfStop, prepareCluster, signalHandlers } from './run.js';
import type { Settings } from './settings.js';

/** Our own bug: what can still be stopped is stopped. */
const EXIT_BUG = 70;

async function main(argv: readonly string[]): Promise<number> {
  const { cluster, instance, announceExit } = await prepareCluster(await settingsOf(argv));
  const leave = async (code: number) => {
    announceExit(code);
    await instance.close();
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
  obeySignals(signalHandlers(cluster));
  const failure = await cluster.start().then(
    () => undefined,
    (error: unknown) => error,
  );
  if (failure !== undefined && !cluster.wasTold) return leave(exitCode ?? exitCodeOf(failure)); // Logged already.
  if (failure === undefined) await tellDaemonReady(instance, cluster.address?.text);
  const report = await cluster.stopped; // What went wrong meanwhile is known only then.
  return leave(exitCode ?? exitCodeOfStop(report));
}

async function settingsOf(argv: readonly string[]): Promise<Settings> {
  const { options, issues } = await collectOptions(argv);
  if (issues.length > 0) throw issuesError(issues);
  return resolveSettings(options, 'command');
}

const EXIT_CODE = await main(commandLine().slice(1)).catch((error: unknown) => {
  printError(`app-cluster: ${error instanceof ClusterError ? `${error.message} (${error.code})` : error instanceof Error ? error.stack : String(error)}`);
  return exitCodeOf(error);
});
exitProcess(EXIT_CODE);
