// app-cluster status [name]

import { connect } from '../../control/connect.js';
import { findInstance } from '../../control/find-instance.js';
import { type FoundService, findService, statusOfService } from '../../control/find-service.js';
import { entries } from '../../control/registry.js';
import { VERBS } from '../../protocol/control.js';
import { type CommandSpec, JSON_OPTION, NAME } from '../command.js';
import { serviceLines } from '../render/services.js';
import { statusLines } from '../render/status.js';
import { sayJson, sayLines } from '../say.js';

export const status: CommandSpec = {
  name: 'status',
  summary: VERBS.status.summary,
  args: [NAME],
  options: [JSON_OPTION],
  takesName: true,
  run: async ([name], { json }) => {
    const service = findService(name);
    if (service !== undefined && !isCluster(service)) return sayService(service, json === true);
    const facts = await (await connect(findInstance(name).socket)).status();
    if (json) sayJson(facts);
    else sayLines(statusLines(facts));
    return 0;
  },
};

/** Its own process says more. */
const isCluster = ({ fullName }: FoundService): boolean => entries().some(({ entry, isAlive }) => isAlive && entry.name === fullName);

async function sayService(found: FoundService, isJson: boolean): Promise<number> {
  const facts = await statusOfService(found);
  if (isJson) sayJson(facts);
  else sayLines(serviceLines(found.fullName, facts));
  return 0;
}
