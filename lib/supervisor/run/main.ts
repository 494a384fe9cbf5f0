// Entry of a supervisor with one service: `app-cluster run PROGRAM`.

import { startInBackground } from '../../control/background.js';
import { exitCodeOf, isClusterError, messageOf } from '../../errors.js';
import { tellDaemonReady } from '../../instance/daemon-ready.js';
import { EventBus } from '../../instance/event-bus.js';
import { Instance } from '../../instance/instance.js';
import { obeySignals } from '../../instance/signals.js';
import { SlotBook } from '../../instance/slot-book.js';
import { logRun } from '../../observe/run-log.js';
import { systemClock, wallClockMs } from '../../system/clock.js';
import { commandLine, exitProcess, isDaemon, ownPid } from '../../system/environment.js';
import { onUncaught, printError } from '../../system/last-resort.js';
import { tailLog } from '../../system/log-tail.js';
import { surviveBrokenOutput } from '../../system/signals.js';
import { parseRun, type RunSettings, runSettings } from './run-settings.js';
import { servedProgram } from './run-surface.js';
import { Runner } from './runner.js';

const EXIT_GIVEN_UP = 1;
const EXIT_BUG = 70;
/** Shown of a program that was given up. */
const LAST_LINES = 40;

async function main(argv: readonly string[]): Promise<number> {
  const parsed = parseRun(argv);
  if (parsed.isHelp) return 0;
  if (parsed.daemonArgv !== undefined) return startInBackground('run', parsed.daemonArgv, parsed.isJson);
  return supervise(runSettings(parsed));
}

async function supervise(settings: RunSettings): Promise<number> {
  const startedAt = wallClockMs();
  const events = new EventBus();
  const instance = new Instance(instanceFacts(settings), events);
  const slots = new SlotBook();
  surviveBrokenOutput();
  events.onAny(slots.read);
  events.onAny(logRun(() => instance.name, printError));
  await instance.open();
  let exitCode: number | undefined;
  const never = new AbortController().signal;
  const { mark, recording } = instance;
  const effective = recording === undefined ? { ...settings, logs: undefined } : settings; // A pipe that nobody reads would stop its writer.
  const runner: Runner = new Runner({
    settings: effective,
    clock: systemClock,
    random: Math.random,
    events,
    mark,
    recording,
    onGivenUp: () => {
      exitCode = EXIT_GIVEN_UP;
      void runner.stop(never);
    },
  });
  onUncaught(error => {
    events.emit({ type: 'master-erred', message: error instanceof Error ? (error.stack ?? error.message) : messageOf(error) });
    exitCode = EXIT_BUG;
    void runner.stop(never);
  });
  obeySignals({
    stop: (signal, { force }) => void runner.stop(force, signal),
    reload: () => (isDaemon() ? runner.restart() : void runner.stop(never, 'SIGHUP')), // A terminal that is closed takes it along.
    hurried: (signal, leftMs) => events.emit({ type: 'cluster-stop-hurried', signal, leftMs }),
  });
  const stopped = new Promise<readonly number[]>(resolve => events.on('cluster-stopped', ({ survived }) => resolve(survived)));
  try {
    await runner.start();
  } catch (error) {
    await instance.close();
    throw error;
  }
  await instance.serve(servedProgram({ runner, settings, instance, slots }));
  await tellDaemonReady(instance);
  const survived = await stopped;
  const { folder } = instance.logs;
  await instance.close();
  if (exitCode === EXIT_GIVEN_UP && folder !== undefined) await quote(folder, new Date(startedAt).toISOString());
  return exitCode ?? (survived.length > 0 ? 1 : 0);
}

function instanceFacts({ name, isNameGiven, cwd, logs, admin, stopMs }: RunSettings) {
  return { kind: 'run', name, isNameGiven, baseDir: cwd, logs, admin, stopMs, isJournalled: true, pid: ownPid(), isKept: false, isHeir: false } as const;
}

async function quote(folder: string, since: string): Promise<void> {
  printError('Its last lines:');
  for await (const { text } of tailLog({ folder, lines: LAST_LINES, follow: false, since, fits: ({ source }) => source.startsWith('app#') }))
    printError(`  ${text}`);
}

const EXIT_CODE = await main(commandLine().slice(1)).catch((error: unknown) => {
  printError(`app-cluster: ${isClusterError(error) ? `${error.message} (${error.code})` : error instanceof Error ? error.stack : String(error)}`);
  return exitCodeOf(error);
});
exitProcess(EXIT_CODE);
