// Entry of a supervisor of many services: `app-cluster up`. Where one runs already for this file, it is asked to do the difference.

import { startInBackground } from '../control/background.js';
import { applyWhereItRuns } from '../control/up-again.js';
import { EXIT_DO_NOT_RESTART, exitCodeOf, isClusterError, messageOf } from '../errors.js';
import { tellDaemonReady } from '../instance/daemon-ready.js';
import { obeySignals } from '../instance/signals.js';
import { logSupervisor } from '../observe/supervisor-log.js';
import type { UpAccount } from '../protocol/service-status.js';
import type { ServicesCheck } from '../protocol/services-check.js';
import type { StopAccount } from '../protocol/snapshot.js';
import { commandLine, exitProcess, isDaemon } from '../system/environment.js';
import { onUncaught, print, printError } from '../system/last-resort.js';
import { surviveBrokenOutput } from '../system/signals.js';
import { checkServices } from './check-services.js';
import { readServicesFile } from './config/services-file.js';
import { Supervising } from './supervising.js';
import { followForSystemd } from './under-systemd.js';
import { type UpSettings, upSettings } from './up-settings.js';

const EXIT_FAILED = 1;
const EXIT_BUG = 70;
const never = () => new AbortController().signal;

async function main(argv: readonly string[]): Promise<number> {
  const settings = upSettings(argv);
  if (settings.isHelp) return 0;
  const { file, name, names, isJson, isCheck, daemonArgv } = settings;
  if (isCheck) return sayCheck(await checkServices({ file, name }), isJson);
  const applied = await applyWhereItRuns({ file, name, names });
  if (applied !== undefined) return sayApplied(name, applied, isJson);
  if (daemonArgv !== undefined) return startInBackground('up', daemonArgv, isJson);
  return supervise(settings);
}

async function supervise({ file, name, names, logs, admin }: UpSettings): Promise<number> {
  const config = await readServicesFile(file);
  surviveBrokenOutput();
  const supervising = new Supervising({ config, name, logs, admin, isOwnProcess: true });
  const { events, instance } = supervising;
  let exitCode: number | undefined;
  events.onAny(logSupervisor(() => instance.name, printError));
  const stopped = new Promise<Pick<StopAccount, 'remains' | 'survived'>>(resolve => events.on('cluster-stopped', resolve));
  onUncaught(error => {
    events.emit({ type: 'master-erred', message: error instanceof Error ? (error.stack ?? error.message) : messageOf(error) });
    exitCode = EXIT_BUG;
    void supervising.stop(never());
  });
  const isUnderSystemd = followForSystemd(supervising);
  await supervising.open();
  obeySignals({
    stop: (signal, { force }) => void supervising.stop(force, signal),
    reload: async () => {
      if (!isDaemon() && !isUnderSystemd) return void supervising.stop(never(), 'SIGHUP'); // A terminal that is closed takes it along.
      await instance.surface?.up({}).catch((error: unknown) => events.emit({ type: 'master-erred', message: messageOf(error) }));
    },
    hurried: (signal, leftMs) => events.emit({ type: 'cluster-stop-hurried', signal, leftMs }),
  });
  const { failed } = await supervising.up(names);
  await tellDaemonReady(
    instance,
    undefined,
    failed.map(({ reason }) => reason),
  );
  const { survived, remains = [] } = await stopped;
  await supervising.close();
  return exitCode ?? (survived.length + remains.length > 0 ? EXIT_FAILED : 0);
}

function sayApplied(name: string, { changes, running, failed }: UpAccount, isJson: boolean): number {
  if (isJson) print(JSON.stringify({ name, changes, running, failed }, undefined, 2));
  else {
    for (const { service, kind, keys } of changes) print(`${kind.padEnd(8)} ${name}/${service}${keys.length > 0 ? ` (${keys.join(', ')})` : ''}`);
    for (const { reason } of failed) printError(`app-cluster: ${reason}`);
    print(`${name} runs: ${running.length} of ${running.length + failed.length} wanted services${changes.length === 0 ? ', nothing has changed' : ''}`);
  }
  return failed.length > 0 ? EXIT_FAILED : 0;
}

function sayCheck(check: ServicesCheck, isJson: boolean): number {
  const { file, services, problems, warnings } = check;
  if (isJson) print(JSON.stringify(check, undefined, 2));
  else {
    for (const warning of warnings) printError(`app-cluster: ${warning}`);
    for (const { message } of problems) printError(`app-cluster: ${message}`);
    const bad = new Set(problems.map(({ service }) => service));
    const count = services.filter(({ name }) => !bad.has(name)).length;
    print(
      `${file}: ${problems.length === 0 ? `${count} ${count === 1 ? 'service' : 'services'}, nothing is wrong` : `${count} of ${services.length} services can be started`}`,
    );
  }
  return problems.length === 0 ? 0 : problems.some(({ service }) => service === undefined) ? EXIT_DO_NOT_RESTART : EXIT_FAILED;
}

const EXIT_CODE = await main(commandLine().slice(1)).catch((error: unknown) => {
  printError(`app-cluster: ${isClusterError(error) ? `${error.message} (${error.code})` : error instanceof Error ? error.stack : String(error)}`);
  return exitCodeOf(error);
});
exitProcess(EXIT_CODE);
