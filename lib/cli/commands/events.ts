// app-cluster events [name]

import { connect } from '../../control/connect.js';
import { findInstance } from '../../control/find-instance.js';
import { findService, refuseUnknownService } from '../../control/find-service.js';
import { entries } from '../../control/registry.js';
import { VERBS } from '../../protocol/control.js';
import { untilInterrupted } from '../../system/interrupt.js';
import { type CommandSpec, JSON_OPTION, NAME_OR_SERVICE } from '../command.js';
import { eventText } from '../render/event-text.js';
import { time } from '../render/units.js';
import { sayItem, sayLines } from '../say.js';
import { wholeNumber } from '../values.js';

export const events: CommandSpec = {
  name: 'events',
  summary: VERBS.events.summary,
  args: [NAME_OR_SERVICE],
  options: [
    ['-f, --follow', 'Stay, and tell what happens'],
    ['-n, --last <n>', 'How many past events. Default: all that are kept; 10 when following'],
    JSON_OPTION,
  ],
  takesName: true,
  run: async ([name], { follow, last, json }) => {
    const { socket, service } = placeOf(name);
    if (service !== undefined) await refuseUnknownService(name);
    const client = await connect(socket);
    const count = last === undefined ? (follow ? 10 : undefined) : wholeNumber('--last', String(last), 0, 100_000);
    const signal = untilInterrupted();
    for await (const item of client.verbs.events(
      { follow: follow === true, ...(service === undefined ? {} : { service }), ...(count === undefined ? {} : { last: count }) },
      signal,
    )) {
      if (json) sayItem(item);
      else sayLines([`${time(item.at)}  ${eventText(item.event)}`]);
    }
    return 0;
  },
};

/** A cluster among the services has more to tell itself. */
function placeOf(name: string | undefined): { readonly socket: string; readonly service?: string } {
  const found = findService(name);
  const isCluster = entries().some(({ entry, isAlive }) => isAlive && entry.kind === 'cluster' && entry.name === found?.fullName);
  return found === undefined || isCluster ? findInstance(found?.fullName ?? name) : { socket: found.supervisor.socket, service: found.service };
}
