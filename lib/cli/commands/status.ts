// app-cluster status [name]

import { connect } from '../../control/connect.js';
import { findInstance } from '../../control/find-instance.js';
import { VERBS } from '../../protocol/control.js';
import { type CommandSpec, JSON_OPTION, NAME } from '../command.js';
import { statusLines } from '../render/status.js';
import { sayJson, sayLines } from '../say.js';

export const status: CommandSpec = {
  name: 'status',
  summary: VERBS.status.summary,
  args: [NAME],
  options: [JSON_OPTION],
  takesName: true,
  run: async ([name], { json }) => {
    const facts = await (await connect(findInstance(name).socket)).status();
    if (json) sayJson(facts);
    else sayLines(statusLines(facts));
    return 0;
  },
};
