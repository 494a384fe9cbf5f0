// app-cluster cleanup

import { cleanUp } from '../../control/clean-up.js';
import type { Leftover } from '../../control/leftovers.js';
import { type CommandSpec, JSON_OPTION } from '../command.js';
import { sayJson, sayLines } from '../say.js';

const EXIT_SURVIVED = 1;

export const cleanup: CommandSpec = {
  name: 'cleanup',
  summary: 'End and remove what killed instances have left behind: workers, services, loggers, files; make stored states true',
  options: [JSON_OPTION],
  run: async (_, { json }) => {
    const report = await cleanUp();
    const { ended, survived, removed, corrected, released } = report;
    if (json) sayJson(report);
    else {
      sayLines(ended.map(leftover => `ended     ${textOf(leftover)}`));
      sayLines(removed.map(path => `removed   ${path}`));
      sayLines(released.map(({ port, service }) => `released  port ${port}, which was kept for ${service}`));
      sayLines(corrected.map(service => `corrected ${service}: it does not run`));
      sayLines(survived.map(leftover => `survived  ${textOf(leftover)}: ${leftover.advice}`));
      if ([ended, removed, survived, corrected, released].every(({ length }) => length === 0)) sayLines(['Nothing was left behind.']);
    }
    return survived.length > 0 ? EXIT_SURVIVED : 0;
  },
};

const textOf = ({ pid, command, isLogger, service }: Leftover) => `${pid}${isLogger ? ' (logger)' : service === undefined ? '' : ` (${service})`} ${command}`;
