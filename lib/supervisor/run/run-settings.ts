// argv of `app-cluster run` → what is to be run, and how. Lists everything that is wrong at once.

import { basename, extname } from 'node:path';
import { Command, CommanderError } from 'commander';
import { instanceOptions } from '../../instance/instance-options.js';
import type { LogOptions } from '../../instance/open-recording.js';
import { type ClusterOptions, durationMs, type Issue, issuesError } from '../../protocol/options.js';
import { runCommand } from '../../protocol/run-command.js';
import type { AdminAddress } from '../../system/admin-address.js';
import { currentDirectory } from '../../system/environment.js';
import { optionIssues } from '../../system/option-issues.js';
import { findExecutable } from '../../system/program-forker.js';
import type { User } from '../../system/user-lookup.js';

const MOST_RESTARTS = 10;
const STOP_MS = 10_000;

export interface RunSettings {
  readonly name: string;
  readonly isNameGiven: boolean;
  readonly program: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly mostRestarts: number;
  /** From SIGTERM to SIGKILL. */
  readonly stopMs: number;
  readonly logs: LogOptions | undefined;
  readonly admin: AdminAddress | undefined;
  readonly runAs: User | undefined;
}

/** Throws one ClusterError that lists every issue. */
export function runSettings({ program, args, options }: ParsedRun): RunSettings {
  const issues: Issue[] = optionIssues(options).map(({ path, message, got }) => ({
    kind: 'usage',
    message: `${path}: ${message}, got ${JSON.stringify(got)}`,
  }));
  const { maxRestarts, ...rest } = options;
  if (maxRestarts !== undefined && !/^\d{1,6}$/.test(String(maxRestarts)))
    issues.push({ kind: 'usage', message: `--max-restarts: should be a whole number from 0 to 999999, got ${JSON.stringify(maxRestarts)}` });
  const cwd = currentDirectory();
  const found = findExecutable(program, cwd);
  if (found === undefined)
    issues.push({ kind: 'configuration', message: `${program} is neither a file that can be run in ${cwd} nor a command on the PATH. Name it with its path.` });
  if (issues.length > 0 || found === undefined) throw issuesError(issues);
  const instance = instanceOptions(rest as ClusterOptions, 'command', issues);
  if (issues.length > 0) throw issuesError(issues);
  const { stopTimeout, name } = rest as ClusterOptions;
  return {
    ...instance,
    name: name ?? basename(program, extname(program)),
    program,
    file: found,
    args,
    cwd,
    mostRestarts: maxRestarts === undefined ? MOST_RESTARTS : Number(maxRestarts),
    stopMs: stopTimeout === undefined ? STOP_MS : durationMs(stopTimeout),
  };
}

export interface ParsedRun {
  readonly program: string;
  readonly args: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
  /** Help was printed. */
  readonly isHelp: boolean;
  /** What to start in the background instead; undefined: nothing. */
  readonly daemonArgv: readonly string[] | undefined;
  readonly isJson: boolean;
}

/** Throws ERR_INVALID_OPTIONS. */
export function parseRun(argv: readonly string[]): ParsedRun {
  const command = runCommand()
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  try {
    new Command('app-cluster').enablePositionalOptions().addCommand(command); // For its name in the help.
    command.parse([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { program: '', args: [], options: {}, isHelp: true, daemonArgv: undefined, isJson: false };
    throw issuesError([{ kind: 'usage', message: error.message.replace(/^error: /, '') }]);
  }
  const [program = '', ...args] = command.args;
  const { logFiles, daemon, json, ...options } = command.opts<Record<string, unknown>>();
  const own = argv.slice(0, argv.length - command.args.length); // Options stand before the program.
  const daemonArgv = daemon ? [...own.filter(word => !['-d', '--daemon', '--json'].includes(word)), program, ...args] : undefined;
  return { program, args, options: logFiles === false ? { ...options, logFiles } : options, isHelp: false, daemonArgv, isJson: json === true };
}
