// Every command, in the order of the help; and what completion knows of them.

import type { Command } from 'commander';
import { RUN_SUMMARY, runCommand } from '../protocol/run-command.js';
import { startCommand } from '../protocol/start-command.js';
import { UP_SUMMARY, upCommand } from '../protocol/up-command.js';
import type { CommandSpec } from './command.js';
import { kill, reload, reopenLogs, restart, scale, upgrade } from './commands/changes.js';
import { cleanup } from './commands/cleanup.js';
import { completion } from './commands/completion.js';
import { doctor } from './commands/doctor.js';
import { events } from './commands/events.js';
import { init } from './commands/init.js';
import { logs } from './commands/logs.js';
import { ls } from './commands/ls.js';
import { ports } from './commands/ports.js';
import { down, plan } from './commands/services.js';
import { status } from './commands/status.js';
import { stop } from './commands/stop.js';
import { top } from './commands/top.js';
import { why } from './commands/why.js';
import type { CompletionSpec } from './completion.js';
import { SYSTEMD_SUMMARY, systemdCommand } from './systemd/facts.js';

const OWN: readonly CommandSpec[] = [
  down,
  plan,
  ls,
  status,
  top,
  stop,
  restart,
  reload,
  upgrade,
  scale,
  kill,
  logs,
  reopenLogs,
  events,
  why,
  ports,
  cleanup,
  doctor,
  init,
];

export const COMMANDS: readonly CommandSpec[] = [...OWN, completion(completionSpec)];

export const startForHelp = (): Command => startCommand();

function completionSpec(): CompletionSpec {
  const own = OWN.map(({ name, summary, options = [], takesName = false }) => ({ name, summary, takesName, options: options.map(optionOf) }));
  const { options } = startCommand();
  const start = {
    name: 'start',
    summary: 'Run an application',
    takesName: false,
    options: options.map(({ flags, description }) => optionOf([flags, description])),
  };
  const run = {
    name: 'run',
    summary: RUN_SUMMARY,
    takesName: false,
    options: runCommand().options.map(({ flags, description }) => optionOf([flags, description])),
  };
  const up = {
    name: 'up',
    summary: UP_SUMMARY,
    takesName: false,
    options: upCommand().options.map(({ flags, description }) => optionOf([flags, description])),
  };
  const shells = { name: 'completion', summary: 'Print the completion script of a shell', takesName: false, options: [] };
  const units = {
    name: 'systemd',
    summary: SYSTEMD_SUMMARY,
    takesName: false,
    options: systemdCommand().options.map(({ flags, description }) => optionOf([flags, description])),
  };
  return { commands: [start, run, up, ...own, units, shells] };
}

const optionOf = ([flag, description]: readonly [string, string]) => ({ flag, description, takesValue: flag.includes('<') });
