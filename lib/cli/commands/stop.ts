// app-cluster stop [name]

import { findInstance } from '../../control/find-instance.js';
import { listInstances } from '../../control/list.js';
import { stopInstance } from '../../control/stop-instance.js';
import { ClusterError } from '../../errors.js';
import { VERBS } from '../../protocol/control.js';
import { type CommandSpec, JSON_OPTION, NAME } from '../command.js';
import { lossText } from '../render/losses.js';
import { duration } from '../render/units.js';
import { sayJson, sayLines } from '../say.js';

const EXIT_SURVIVED = 1;

export const stop: CommandSpec = {
  name: 'stop',
  summary: VERBS.stop.summary,
  args: [NAME],
  options: [['--force', 'Kill at once instead of draining'], ['--all', 'Everything that runs'], JSON_OPTION],
  takesName: true,
  run: async ([name], { force, all, json }) => {
    if (all && name !== undefined) throw new ClusterError('ERR_INVALID_ARGUMENTS', `--all means everything: leave out ${name}, or --all.`);
    const victims = all ? await listInstances() : [findInstance(name)];
    const ends = await Promise.allSettled(victims.map(entry => stopInstance(entry, force === true)));
    const reports = ends.flatMap(end => (end.status === 'fulfilled' ? [end.value] : []));
    const failed = ends.find(end => end.status === 'rejected');
    if (json) sayJson(reports);
    else sayLines(victims.length === 0 ? ['Nothing is running.'] : reports.map(textOf));
    if (failed !== undefined) throw failed.reason;
    return reports.some(({ survived }) => survived.length > 0) ? EXIT_SURVIVED : 0;
  },
};

function textOf({ name, tookMs, forced, survived, losses }: Awaited<ReturnType<typeof stopInstance>>): string {
  const killed = forced.length > 0 ? `, had to be killed: ${forced.join(', ')}` : '';
  return survived.length > 0
    ? `${name}: could not be ended: ${survived.join(', ')}${killed}`
    : `${name} stopped in ${duration(tookMs)}${killed}${losses === undefined ? '' : `: ${lossText(losses)}`}`;
}
