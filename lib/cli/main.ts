// Entry of the command line, for everything that is not a foreground start: help and version so far.

import { createRequire } from 'node:module';
import { Command, CommanderError } from 'commander';
import { startCommand } from '../protocol/start-command.js';
import { commandLine, exitProcess } from '../system/environment.js';

const { version } = createRequire(import.meta.url)('../../../package.json') as { version: string };
const EXIT_USAGE = 64;

function run(argv: readonly string[]): number {
  const program = new Command('app-cluster')
    .description('Keeps Node.js servers up: a master, an agent and N app workers on one port.')
    .version(version, '-v, --version')
    .addCommand(startCommand().exitOverride())
    .showSuggestionAfterError()
    .exitOverride();
  try {
    if (argv.length === 0) program.help({ error: true });
    program.parse([...argv], { from: 'user' });
    return 0;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? 0 : EXIT_USAGE;
  }
}

exitProcess(run(commandLine()));
