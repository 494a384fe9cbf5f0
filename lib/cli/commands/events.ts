// app-cluster events [name]

import { connect } from '../../control/connect.js';
import { findInstance } from '../../control/find-instance.js';
import { VERBS } from '../../protocol/control.js';
import { untilInterrupted } from '../../system/interrupt.js';
import { type CommandSpec, JSON_OPTION, NAME } from '../command.js';
import { eventText } from '../render/event-text.js';
import { time } from '../render/units.js';
import { sayItem, sayLines } from '../say.js';
import { wholeNumber } from '../values.js';

export const events: CommandSpec = {
  name: 'events',
  summary: VERBS.events.summary,
  args: [NAME],
  options: [
    ['-f, --follow', 'Stay, and tell what happens'],
    ['-n, --last <n>', 'How many past events. Default: all that are kept; 10 when following'],
    JSON_OPTION,
  ],
  takesName: true,
  run: async ([name], { follow, last, json }) => {
    const client = await connect(findInstance(name).socket);
    const count = last === undefined ? (follow ? 10 : undefined) : wholeNumber('--last', String(last), 0, 100_000);
    const signal = untilInterrupted();
    for await (const item of client.verbs.events({ follow: follow === true, ...(count === undefined ? {} : { last: count }) }, signal)) {
      if (json) sayItem(item);
      else sayLines([`${time(item.at)}  ${eventText(item.event)}`]);
    }
    return 0;
  },
};
