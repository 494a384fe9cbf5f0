// `app-cluster run` as commander sees it. Shared by the command line's help and by the supervisor.

import { Command } from 'commander';
import { OPTIONS } from './options.generated.js';

export const RUN_SUMMARY = 'Run any one program, start it again when it dies, record what it writes';

/** Options of `start` that mean the same here. */
const SHARED = [
  'name',
  'stopTimeout',
  'user',
  'group',
  'logFiles',
  'logDir',
  'logMaxSize',
  'logMaxAge',
  'logKeep',
  'logTotalSize',
  'logRecords',
  'logJson',
  'admin',
];

/** Where the default is another one. */
const OWN_WORDS: Readonly<Record<string, string>> = {
  name: "Its name. Default: the program's, without folder and extension",
  stopTimeout: 'From SIGTERM to SIGKILL. Default: 10s',
  user: 'Run it as this user; needs root',
  group: "Its group. Default: the user's own",
};

export function runCommand(): Command {
  const command = new Command('run')
    .summary(RUN_SUMMARY)
    .description(`${RUN_SUMMARY}. A JavaScript file runs under this node.`)
    .argument('<program>', 'a file, or a command on the PATH')
    .argument('[args...]', 'its arguments')
    .usage('[options] [--] program [args...]')
    .option('--max-restarts <n>', 'Give up after so many restarts in a row; 10 s of life count as a success. Default: 10')
    .option('-d, --daemon', 'Run in the background: return when it has started')
    .option('--json', 'With --daemon: say so as JSON')
    .passThroughOptions();
  for (const { name, flag, description } of OPTIONS) if (flag !== undefined && SHARED.includes(name)) command.option(flag, OWN_WORDS[name] ?? description);
  return command;
}
