// app-cluster stop [name]

import { Client } from '../../control/client.js';
import { findInstance } from '../../control/find-instance.js';
import { findService } from '../../control/find-service.js';
import { type Listed, listInstances } from '../../control/list.js';
import { stopInstance } from '../../control/stop-instance.js';
import { ClusterError } from '../../errors.js';
import { VERBS } from '../../protocol/control.js';
import type { EventType } from '../../protocol/events.js';
import { isTerminal } from '../../system/terminal.js';
import { type CommandOptions, type CommandSpec, IDEMPOTENT, JSON_OPTION, NAME_OR_SERVICE } from '../command.js';
import { withProgress } from '../progress.js';
import { endText } from '../render/event-text.js';
import { lossText } from '../render/losses.js';
import { duration } from '../render/units.js';
import { sayJson, sayLines } from '../say.js';
import { stopService } from './services.js';

const EXIT_SURVIVED = 1;
const STOP_EVENTS: readonly EventType[] = ['lame-duck-began', 'cluster-draining'];

export const stop: CommandSpec = {
  name: 'stop',
  summary: VERBS.stop.summary,
  args: [NAME_OR_SERVICE],
  options: [['--force', 'Kill at once instead of draining'], ['--all', 'Everything that runs'], IDEMPOTENT, JSON_OPTION],
  takesName: true,
  run: async ([name], { force, all, json, idempotent }) => {
    if (!all && name !== undefined && findService(name) !== undefined) return stopService(name, { json, force, idempotent });
    if (all && name !== undefined) throw new ClusterError('ERR_INVALID_ARGUMENTS', `--all means everything: leave out ${name}, or --all.`);
    const victims = all ? outermost(await listInstances()) : [findInstance(name)];
    const ends = await Promise.allSettled(victims.map(entry => shown(entry, { json }, () => stopInstance(entry, force === true))));
    const reports = ends.flatMap(end => (end.status === 'fulfilled' ? [end.value] : []));
    const failed = ends.find(end => end.status === 'rejected');
    if (json) sayJson(reports);
    else sayLines(victims.length === 0 ? ['Nothing is running.'] : reports.map(textOf));
    if (failed !== undefined) throw failed.reason;
    return reports.some(({ survived, remains }) => survived.length + (remains?.length ?? 0) > 0) ? EXIT_SURVIVED : 0;
  },
};

/** What a supervisor has started ends with it. */
const outermost = (all: readonly Listed[]) => all.filter(({ name }) => !all.some(other => other.kind === 'supervisor' && name.startsWith(`${other.name}/`)));

/** What is under way is of interest to somebody who watches; a script gets the answer. */
function shown<T>(entry: Parameters<typeof stopInstance>[0], { json }: CommandOptions, action: () => Promise<T>): Promise<T> {
  return isTerminal() ? withProgress(new Client({ socketPath: entry.socket }), { json, types: STOP_EVENTS }, action) : action();
}

function textOf({ name, tookMs, losses, remains = [], ...end }: Awaited<ReturnType<typeof stopInstance>>): string {
  const left = remains.map(what => `\n  ${what}`).join('');
  const account = losses === undefined ? '' : `: ${lossText(losses)}`;
  return `${name} ${end.survived.length > 0 ? 'did not stop completely' : 'stopped'} in ${duration(tookMs)}${endText(end)}${account}${left}`;
}
