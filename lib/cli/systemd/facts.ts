// What was typed after `app-cluster systemd` → what the units say. The options of `start` go into ExecStart as they were given.

import { basename, delimiter, dirname, resolve } from 'node:path';
import { Command } from 'commander';
import { ClusterError } from '../../errors.js';
import { durationMs } from '../../protocol/options.js';
import { startCommand } from '../../protocol/start-command.js';
import { COMMAND_FILE } from '../../system/entries.js';
import { currentDirectory, nodeFile } from '../../system/environment.js';
import { isFolder, readPackage } from '../../system/project-files.js';
import { optionWords } from './option-words.js';
import type { UnitFacts } from './units.js';

export const SYSTEMD_SUMMARY = 'Print units for systemd that start an application: a .service, and with --socket a .socket';

/** Of this command, or said by the unit instead. They have a value each. */
const NOT_FOR_START = ['--user', '--group', '--socket', '--write'];
const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const [START_TIMEOUT, STOP_TIMEOUT, LAME_DUCK] = ['60s', '30s', '0s'];
/** Agent, then apps. */
const STARTS = 2;
const LOWEST_FREE_PORT = 1_024;

export interface SystemdPlan {
  readonly facts: UnitFacts;
  /** A folder; undefined: they are printed. */
  readonly write: string | undefined;
}

export function systemdCommand(): Command {
  const command = new Command('systemd').summary(SYSTEMD_SUMMARY).description(`${SYSTEMD_SUMMARY}.`);
  command.argument('[target]', 'the application, as for start').usage('[options] [options of start] [dir|file] [-- arguments of the program]');
  command
    .option('--socket <listen>', 'systemd binds this (PORT, ADDRESS:PORT or a path) and passes it on')
    .option('--write <dir>', 'Write the units into this folder instead of printing them')
    .option('--services <file>', 'For `up` with this services file instead: --name, --user, --group, --write and the options of up');
  for (const option of startCommand().options) command.addOption(option);
  return command;
}

/** @param argv what follows `systemd` */
export function systemdPlan(argv: readonly string[]): SystemdPlan {
  const dashes = argv.includes('--') ? argv.indexOf('--') : argv.length;
  const own = argv.slice(0, dashes);
  const command = systemdCommand()
    .exitOverride()
    .parse([...own], { from: 'user' });
  const options = command.opts<Readonly<Record<string, string | boolean | undefined>>>();
  if (options['daemon']) throw new ClusterError('ERR_INVALID_ARGUMENTS', '--daemon: systemd keeps it in the background by itself. Leave it out.');
  const text = (key: string) => (options[key] === undefined ? undefined : String(options[key]));
  const socket = text('socket') === undefined ? undefined : listenStream(String(text('socket')));
  const folder = currentDirectory();
  const port = portOption(socket, text('port'));
  const node = nodeFile();
  return {
    write: text('write'),
    facts: {
      name: unitName(text('name') ?? nameOf(resolve(folder, command.args[0] ?? '.'))),
      command: [node, COMMAND_FILE, 'start', ...optionWords(own, NOT_FOR_START), ...port, ...argv.slice(dashes)],
      folder,
      kind: 'application',
      paths: [],
      user: account('--user', text('user')),
      group: account('--group', text('group')),
      path: searchPath(node),
      socket,
      startMs: STARTS * milliseconds('--start-timeout', text('startTimeout') ?? START_TIMEOUT),
      stopMs: milliseconds('--stop-timeout', text('stopTimeout') ?? STOP_TIMEOUT),
      lameDuckMs: milliseconds('--lame-duck', text('lameDuck') ?? LAME_DUCK),
      needsLowPort: socket === undefined && text('user') !== undefined && isLow(text('port')),
    },
  };
}

/** Where node is found by whatever is started. */
export const searchPath = (node: string) => [...new Set([dirname(node), ...SYSTEM_PATH.split(delimiter)])].join(delimiter);

export const isLow = (port: string | undefined) => port !== undefined && Number(port) > 0 && Number(port) < LOWEST_FREE_PORT;

/** PORT, ADDRESS:PORT, [ADDRESS]:PORT or a path. */
function listenStream(text: string): string {
  const port = Number(/^(?:[\d.]+:|\[[\da-fA-F:.]+\]:)?(\d{1,5})$/.exec(text)?.[1] ?? Number.NaN);
  const isPath = /^\/[\w@+=:,./-]+$/.test(text);
  if (isPath || (port > 0 && port < 65_536)) return text;
  throw new ClusterError('ERR_INVALID_ARGUMENTS', `--socket: should be a port, ADDRESS:PORT or an absolute path, got ${JSON.stringify(text)}`);
}

/** What systemd binds is what the workers are to listen on. */
function portOption(socket: string | undefined, port: string | undefined): string[] {
  const bound = socket === undefined || socket.startsWith('/') ? undefined : socket.slice(socket.lastIndexOf(':') + 1);
  if (bound === undefined || port === bound) return [];
  if (port === undefined) return ['--port', bound];
  throw new ClusterError('ERR_INVALID_ARGUMENTS', `--socket ${socket} and --port ${port} are two ports: leave --port out.`);
}

function nameOf(target: string): string {
  return (isFolder(target) ? readPackage(target)?.name : undefined) ?? basename(target).replace(/\.[cm]?[jt]s$/, '');
}

/** What a unit's name may hold; of a scope the word is enough. */
export function unitName(name: string): string {
  const plain = name.replace(/^@/, '').replaceAll(/[^\w.-]/g, '-');
  if (/^\w[\w.-]{0,200}$/.test(plain)) return plain;
  throw new ClusterError('ERR_INVALID_ARGUMENTS', `${JSON.stringify(name)} makes no name of a unit. Give one with --name.`);
}

export function account(flag: string, name: string | undefined): string | undefined {
  if (name === undefined || /^[a-zA-Z0-9_][\w.-]{0,63}$/.test(name)) return name;
  throw new ClusterError('ERR_INVALID_ARGUMENTS', `${flag}: should be the name of an account, got ${JSON.stringify(name)}`);
}

function milliseconds(flag: string, text: string): number {
  if (/^\d+(?:\.\d+)?(?:ms|s|m|h)$/.test(text)) return durationMs(text);
  throw new ClusterError('ERR_INVALID_ARGUMENTS', `${flag}: should be a number with a unit, as 30s, got ${JSON.stringify(text)}`);
}
