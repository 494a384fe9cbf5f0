// Entry of the command line, for everything that is not a foreground start.

import { Command, CommanderError } from 'commander';
import { startInBackground } from '../control/background.js';
import { ClusterError, exitCodeOf, isClusterError, messageOf } from '../errors.js';
import { runCommand } from '../protocol/run-command.js';
import { upCommand } from '../protocol/up-command.js';
import { blockOutput } from '../system/block-own-output.js';
import { packageVersion } from '../system/entries.js';
import { commandLine, exitProcess } from '../system/environment.js';
import { printError } from '../system/last-resort.js';
import { endOnClosedOutput } from '../system/terminal.js';
import type { CommandSpec } from './command.js';
import { startService } from './commands/services.js';
import { systemd } from './commands/systemd.js';
import { COMMANDS, startForHelp } from './commands.js';
import { systemdCommand } from './systemd/facts.js';

const EXIT_USAGE = 64;

function commandOf({ name, summary, args = [], options = [], run }: CommandSpec, onDone: (code: number) => void): Command {
  const command = new Command(name).description(summary).exitOverride();
  // What is required after what is not, commander cannot tell apart: checked where it is read.
  for (const [argument, description] of args) command.argument(mayGiveWay(args) ? argument.replace('<', '[').replace('>', ']') : argument, description);
  if (mayGiveWay(args)) command.usage(['[options]', ...args.map(([argument]) => argument)].join(' '));
  for (const [flag, description] of options) command.option(flag, description);
  return command.action(async (...given: unknown[]) => onDone(await run(textsOf(given.slice(0, args.length), args), command.opts())));
}

const mayGiveWay = ([first, second]: NonNullable<CommandSpec['args']>) => Boolean(first?.[0].startsWith('[') && second?.[0].startsWith('<'));

/** `scale 4` means the only instance: an optional first argument gives way to a required second. */
function textsOf(given: readonly unknown[], args: NonNullable<CommandSpec['args']>): (string | undefined)[] {
  const texts = given.map(text => (text === undefined ? undefined : String(text)));
  return mayGiveWay(args) && texts[1] === undefined ? [undefined, texts[0], ...texts.slice(2)] : texts;
}

async function run(argv: readonly string[]): Promise<number> {
  if (argv[0] === 'start' && !isHelp(argv)) return started(argv.slice(1));
  if (argv[0] === 'systemd' && !isHelp(argv)) return systemd(argv.slice(1)); // Its words are those of a start.
  let exitCode = 0;
  const program = new Command('app-cluster')
    .description('Keeps Node.js servers up: a master, an agent and N app workers on one port.')
    .version(packageVersion(), '-v, --version')
    .enablePositionalOptions() // What follows the program of `run` is the program's.
    .addCommand(startForHelp().exitOverride())
    .addCommand(runCommand().exitOverride())
    .addCommand(upCommand().exitOverride())
    .addCommand(systemdCommand().exitOverride())
    .showSuggestionAfterError()
    .exitOverride();
  for (const spec of COMMANDS)
    program.addCommand(
      commandOf(spec, code => {
        exitCode = code;
      }),
    );
  if (argv.length === 0) program.help({ error: true });
  await program.parseAsync([...argv], { from: 'user' });
  return exitCode;
}

/** A service is named with --service, or by a word that is no path (bin/ has looked). */
async function started(argv: readonly string[]): Promise<number> {
  const own = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;
  const words = own.filter(word => !['--json', '--idempotent', '--service'].includes(word));
  const [name, ...more] = words;
  const isInBackground = own.some(word => ['-d', '--daemon'].includes(word));
  if (isInBackground && !own.includes('--service')) return startDaemonised(argv);
  if (name === undefined || more.length > 0)
    throw new ClusterError(
      'ERR_INVALID_ARGUMENTS',
      `start --service: should be followed by one name, SUPERVISOR/SERVICE, got ${words.join(' ') || 'nothing'}.`,
    );
  return startService(name, { json: argv.includes('--json'), idempotent: argv.includes('--idempotent') });
}

/** Its own flags go to the master; what follows -- is the program's. */
function startDaemonised(argv: readonly string[]): Promise<number> {
  const dashes = argv.indexOf('--');
  const own = dashes < 0 ? argv : argv.slice(0, dashes);
  const flags = own.filter(option => !['-d', '--daemon', '--json'].includes(option));
  return startInBackground('start', [...flags, ...(dashes < 0 ? [] : argv.slice(dashes))], own.includes('--json'));
}

function isHelp(argv: readonly string[]): boolean {
  const own = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;
  return own.includes('--help') || own.includes('-h');
}

blockOutput(); // What is printed is printed before the process ends, through a pipe too.
endOnClosedOutput(() => exitProcess(0));
const EXIT_CODE = await run(commandLine()).catch((error: unknown) => {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
  printError(
    `app-cluster: ${isClusterError(error) ? `${error.message} (${error.code})` : error instanceof Error ? (error.stack ?? error.message) : messageOf(error)}`,
  );
  return exitCodeOf(error);
});
exitProcess(EXIT_CODE);
