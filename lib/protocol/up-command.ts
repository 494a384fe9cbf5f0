// `app-cluster up` as commander sees it. Shared by the command line's help and by the supervisor.

import { Command } from 'commander';
import { OPTIONS } from './options.generated.js';

export const UP_SUMMARY = 'Start the services of a services file; again: do what has changed in it';

/** Options of `start` that mean the same here. */
const SHARED: readonly string[] = ['logFiles', 'logDir', 'logMaxSize', 'logMaxAge', 'logKeep', 'logTotalSize', 'logRecords', 'logJson', 'admin'];

/** For texts. */
export const UP_SHARED = '--admin and what is about logs (--log-…)';

export function upCommand(): Command {
  const command = new Command('up')
    .summary(UP_SUMMARY)
    .description(`${UP_SUMMARY}. What is wanted up is started, in the order of its dependencies; NAMEs are wanted up from now on.`)
    .argument('[file]', 'app-cluster.services.{yaml,json,js,ts}, or its folder. Default: the current one')
    .argument('[names...]', 'only these services, and what they depend on')
    .option('--name <name>', "The supervisor's name. Default: the name of the file's folder")
    .option('-d, --daemon', 'Run in the background: return when everything is ready or has failed')
    .option('--check', 'Start nothing: say what is wrong with the file, and whether programs, folders and ports are there')
    .option('--json', 'For programs: JSON');
  for (const { name, flag, description } of OPTIONS) if (flag !== undefined && SHARED.includes(name)) command.option(flag, description);
  return command;
}

export interface UpWords {
  readonly file: string | undefined;
  readonly names: readonly string[];
}

/** The first word is a file or a folder, if there is one of that name; else all of them are services. */
export function upWords(words: readonly string[], exists: (path: string) => boolean): UpWords {
  const [first, ...rest] = words;
  if (first === undefined) return { file: undefined, names: [] };
  const isPath = exists(first) || /[\\/]|\.(?:ya?ml|json|[cm]?[jt]s)$/.test(first);
  return isPath ? { file: first, names: rest } : { file: undefined, names: words };
}
