// What is forked: the command lines and environments of agent and app workers. Pure.

import { BEAT_MS, BOOT_VARIABLE, type Boot } from '../protocol/words.js';
import { PRELOAD_FILE, PRELOAD_URL, workerFile } from '../system/entries.js';
import { variable } from '../system/environment.js';
import type { ProgramCommand } from '../system/forker.js';
import type { Settings } from './settings.js';
import { optionsArgument, wholeArgument } from './visible-options.js';

/** So often a worker can be heard before it counts as silent. */
const BEATS_IN_LIMIT = 4;

export interface CommandFacts {
  readonly settings: Settings;
  /** As the children get them. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly masterPid: number;
  readonly agentInspectorPort: number;
}

export function appCommand({ settings, options, masterPid }: CommandFacts): ProgramCommand {
  const { program } = settings;
  const file = program.kind === 'entry' ? program.file : (settings.appWorkerFile ?? workerFile('app', program.directory));
  return commandOf('app', file, { settings, options, masterPid });
}

/** Undefined when there is nothing for an agent to do. */
export function agentCommand(facts: CommandFacts): ProgramCommand | undefined {
  const { program, agentWorkerFile, isDebug } = facts.settings;
  const file = program.kind === 'entry' ? program.agentFile : (agentWorkerFile ?? workerFile('agent', program.directory));
  if (file === undefined) return undefined;
  const command = commandOf('agent', file, facts);
  return isDebug ? { ...command, execArgv: [...command.execArgv, `--inspect-port=${facts.agentInspectorPort}`] } : command;
}

/** Our preload must be the last, so that the main module follows it directly; modules for --import come after those for --require. */
function preloadOptions(execArgv: readonly string[]): string[] {
  return hasImports(execArgv) ? ['--import', PRELOAD_URL] : ['--require', PRELOAD_FILE];
}

/** `--require` comes before `--import`, as with node. Our preload does it, unless it comes last itself. */
function requireOptions({ execArgv, preload }: Settings): string[] {
  return hasImports(execArgv) ? preload.flatMap(file => ['--require', file]) : [];
}

function hasImports(execArgv: readonly string[]): boolean {
  return [...execArgv, variable('NODE_OPTIONS') ?? ''].some(option => /--(import|loader|experimental-loader)\b/.test(option));
}

function commandOf(role: Boot['role'], file: string, { settings, options, masterPid }: Omit<CommandFacts, 'agentInspectorPort'>): ProgramCommand {
  const { program, cwd, runAs } = settings;
  const isFramework = program.kind === 'framework';
  const argument = optionsArgument(options);
  const isOwnFile = (role === 'app' ? settings.appWorkerFile : settings.agentWorkerFile) !== undefined;
  const whole = isFramework && isOwnFile && !argument.isWhole ? wholeArgument(options) : undefined;
  const boot = { ...bootOf(role, { settings, masterPid }, isFramework && !argument.isWhole && whole === undefined), argument: whole };
  return {
    file,
    args: isFramework ? [argument.text] : role === 'app' ? settings.args : [],
    execArgv: [...requireOptions(settings), ...settings.execArgv, ...preloadOptions(settings.execArgv)],
    cwd,
    isRecorded: settings.logs !== undefined,
    runAs: runAs && { uid: runAs.uid, gid: runAs.gid },
    env: { ...(runAs && { HOME: runAs.home, USER: runAs.name, LOGNAME: runAs.name }), ...settings.environment, [BOOT_VARIABLE]: JSON.stringify(boot) },
  };
}

/**
 * What makes a worker an early one, whose user code waits for the master's `go`. Undefined where that cannot be held back: a main module of
 * the user's own, or a preload that may not have been loaded when the word comes.
 */
export function earlyEnvironment({ settings, options, masterPid }: Omit<CommandFacts, 'agentInspectorPort'>): Readonly<Record<string, string>> | undefined {
  const { program, appWorkerFile, isDebug, isThreaded, execArgv } = settings;
  const canWait = !isThreaded && program.kind === 'framework' && appWorkerFile === undefined && !isDebug && preloadOptions(execArgv)[0] === '--require';
  if (!canWait) return undefined;
  return { [BOOT_VARIABLE]: JSON.stringify({ ...bootOf('app', { settings, masterPid }, !optionsArgument(options).isWhole), isEarly: true }) };
}

/** What tells a worker that it has no place yet. */
export function spareEnvironment(facts: CommandFacts): Readonly<Record<string, string>> {
  const boot = JSON.parse(appCommand(facts).env[BOOT_VARIABLE] ?? '{}') as Boot;
  return { [BOOT_VARIABLE]: JSON.stringify({ ...boot, isSpare: true } satisfies Boot) };
}

function bootOf(role: Boot['role'], { settings, masterPid }: { settings: Settings; masterPid: number }, isTooLarge: boolean): Boot {
  const { program, timeouts } = settings;
  const { hangMs, hasWatchdog } = settings.upkeep;
  return {
    role,
    masterPid,
    framework: program.kind === 'framework' ? program.directory : undefined,
    serve: { port: settings.port ?? (settings.isHttps ? 8443 : 7001), host: settings.host, isHttps: settings.isHttps },
    readyOn: settings.readyOn,
    isPortGiven: settings.port !== undefined,
    mayStartLong: !timeouts.isStartGiven,
    isRecorded: settings.logs !== undefined,
    drainMs: timeouts.app.drain ?? 0,
    stopMs: timeouts[role].stop ?? 0,
    lingerMs: timeouts.lingerMs,
    require: hasImports(settings.execArgv) ? [] : settings.preload,
    baseDir: settings.baseDir,
    readyPath: role === 'app' ? settings.upkeep.readyPath : undefined,
    beatMs: hangMs === undefined ? BEAT_MS : Math.max(1, Math.min(BEAT_MS, hangMs / BEATS_IN_LIMIT)),
    watchdog: hangMs !== undefined && hasWatchdog && !settings.isThreaded ? { limitMs: hangMs, folder: settings.hangFolder } : undefined,
    keeperPid: role === 'app' && !settings.sticky && !settings.isThreaded ? settings.keeperPid : undefined,
    awaitsOptions: program.kind === 'framework' ? isTooLarge : settings.isHttps,
  };
}
