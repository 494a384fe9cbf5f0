// argv of `app-cluster up` → which services, under which name, and how.

import { basename, dirname } from 'node:path';
import { Command, CommanderError } from 'commander';
import { type InstanceOptions, instanceOptions } from '../instance/instance-options.js';
import { type ClusterOptions, type Issue, issuesError } from '../protocol/options.js';
import { upCommand, upWords } from '../protocol/up-command.js';
import { currentDirectory } from '../system/environment.js';
import { optionIssues } from '../system/option-issues.js';
import { exists, realPath } from '../system/project-files.js';
import { findServicesFile } from './config/services-file.js';

export interface UpSettings extends Pick<InstanceOptions, 'logs' | 'admin'> {
  readonly isHelp: boolean;
  readonly file: string;
  readonly name: string;
  readonly names: readonly string[];
  readonly isJson: boolean;
  /** Nothing is started. */
  readonly isCheck: boolean;
  /** What to start in the background instead; undefined: nothing. */
  readonly daemonArgv: readonly string[] | undefined;
}

/** Throws one ClusterError that lists every issue. */
export function upSettings(argv: readonly string[]): UpSettings {
  const command = parsed(argv);
  if (command === undefined)
    return { isHelp: true, file: '', name: '', names: [], isJson: false, isCheck: false, daemonArgv: undefined, logs: undefined, admin: undefined };
  const { daemon, json, check, logFiles, name, ...options } = command.opts<Record<string, unknown>>();
  const given = { ...options, ...(logFiles === false ? { logFiles } : {}), ...(name === undefined ? {} : { name }) };
  const issues: Issue[] = optionIssues(given).map(({ path, message, got }) => ({ kind: 'usage', message: `${path}: ${message}, got ${JSON.stringify(got)}` }));
  if (issues.length > 0) throw issuesError(issues);
  const { logs, admin } = instanceOptions(given as ClusterOptions, 'command', issues);
  if (issues.length > 0) throw issuesError(issues);
  const words = upWords(command.args, exists);
  const file = realPath(findServicesFile(words.file, currentDirectory()));
  const daemonArgv = daemon ? argv.filter(word => !['-d', '--daemon', '--json'].includes(word)) : undefined;
  return { isHelp: false, file, name: supervisorName(file, name), names: words.names, isJson: json === true, isCheck: check === true, daemonArgv, logs, admin };
}

export const supervisorName = (file: string, given: unknown): string => (typeof given === 'string' ? given : basename(dirname(file)) || 'services');

/** Undefined: help was printed. Throws ERR_INVALID_OPTIONS. */
function parsed(argv: readonly string[]): Command | undefined {
  const command = upCommand()
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  try {
    new Command('app-cluster').addCommand(command); // For its name in the help.
    return command.parse([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return undefined;
    throw issuesError([{ kind: 'usage', message: error.message.replace(/^error: /, '') }]);
  }
}
