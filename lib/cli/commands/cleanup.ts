// app-cluster cleanup

import { cleanUp, type Leftover } from '../../control/leftovers.js';
import { type CommandSpec, JSON_OPTION } from '../command.js';
import { sayJson, sayLines } from '../say.js';

const EXIT_SURVIVED = 1;

export const cleanup: CommandSpec = {
  name: 'cleanup',
  summary: 'End and remove what killed instances have left behind: workers, loggers, sockets, entries',
  options: [JSON_OPTION],
  run: async (_, { json }) => {
    const report = await cleanUp();
    const { ended, survived, removed } = report;
    if (json) sayJson(report);
    else {
      sayLines(ended.map(leftover => `ended     ${textOf(leftover)}`));
      sayLines(removed.map(path => `removed   ${path}`));
      sayLines(survived.map(leftover => `survived  ${textOf(leftover)}: not ours to end; try as its owner, or as root`));
      if (ended.length + removed.length + survived.length === 0) sayLines(['Nothing was left behind.']);
    }
    return survived.length > 0 ? EXIT_SURVIVED : 0;
  },
};

const textOf = ({ pid, command, isLogger }: Leftover) => `${pid}${isLogger ? ' (logger)' : ''} ${command}`;
