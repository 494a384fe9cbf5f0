// What is forked: the command lines and environments of agent and app workers. Pure.

import { BOOT_VARIABLE, type Boot } from '../protocol/words.js';
import { AGENT_WORKER_FILE, APP_WORKER_FILE, PRELOAD_FILE, PRELOAD_URL } from '../system/entries.js';
import { variable } from '../system/environment.js';
import type { ProgramCommand } from '../system/forker.js';
import type { Settings } from './settings.js';
import { optionsArgument } from './visible-options.js';

export interface CommandFacts {
  readonly settings: Settings;
  /** As the children get them. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly masterPid: number;
  readonly agentInspectorPort: number;
}

export function appCommand({ settings, options, masterPid }: CommandFacts): ProgramCommand {
  const { program } = settings;
  const file = program.kind === 'entry' ? program.file : (settings.appWorkerFile ?? APP_WORKER_FILE);
  return commandOf('app', file, { settings, options, masterPid });
}

/** Undefined when there is nothing for an agent to do. */
export function agentCommand(facts: CommandFacts): ProgramCommand | undefined {
  const { program, agentWorkerFile, isDebug } = facts.settings;
  const file = program.kind === 'entry' ? program.agentFile : (agentWorkerFile ?? AGENT_WORKER_FILE);
  if (file === undefined) return undefined;
  const command = commandOf('agent', file, facts);
  return isDebug ? { ...command, execArgv: [...command.execArgv, `--inspect-port=${facts.agentInspectorPort}`] } : command;
}

/** Our preload must be the last, so that the main module follows it directly; modules for --import come after those for --require. */
function preloadOptions(execArgv: readonly string[]): string[] {
  const hasImports = [...execArgv, variable('NODE_OPTIONS') ?? ''].some(option => /--(import|loader|experimental-loader)\b/.test(option));
  return hasImports ? ['--import', PRELOAD_URL] : ['--require', PRELOAD_FILE];
}

function commandOf(role: Boot['role'], file: string, { settings, options, masterPid }: Omit<CommandFacts, 'agentInspectorPort'>): ProgramCommand {
  const { program, timeouts, cwd } = settings;
  const isFramework = program.kind === 'framework';
  const argument = optionsArgument(options);
  const boot: Boot = {
    role,
    masterPid,
    framework: isFramework ? program.directory : undefined,
    serve: { port: settings.port ?? (settings.isHttps ? 8443 : 7001), host: settings.host, isHttps: settings.isHttps },
    readyOn: settings.readyOn,
    drainMs: timeouts.app.drain ?? 0,
    stopMs: timeouts[role].stop ?? 0,
    lingerMs: timeouts.lingerMs,
    require: settings.preload,
    baseDir: settings.baseDir,
    awaitsOptions: isFramework ? !argument.isWhole : settings.isHttps,
  };
  return {
    file,
    args: isFramework ? [argument.text] : role === 'app' ? settings.args : [],
    execArgv: [...settings.execArgv, ...preloadOptions(settings.execArgv)],
    cwd,
    env: { ...settings.environment, [BOOT_VARIABLE]: JSON.stringify(boot) },
  };
}
