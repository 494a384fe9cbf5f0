// app-cluster ports, ports kill PORT

import { endHolders, portStatuses } from '../../control/ports.js';
import { ClusterError } from '../../errors.js';
import type { PortStatus } from '../../protocol/snapshot.js';
import { type CommandSpec, JSON_OPTION } from '../command.js';
import { type Column, table } from '../render/table.js';
import { sayJson, sayLines } from '../say.js';
import { wholeNumber } from '../values.js';

const COLUMNS: readonly Column<PortStatus>[] = [
  { title: 'port', of: ({ port }) => String(port), isNumber: true },
  { title: 'addresses', of: ({ addresses }) => addresses.join(' ') },
  {
    title: 'instance',
    of: ({ holders }) => [...new Set(holders.map(({ instance, service }) => service ?? instance ?? 'foreign'))].join(', ') || 'another user’s',
  },
  { title: 'pids', of: ({ holders }) => holders.map(({ pid }) => pid).join(' ') },
  { title: 'command', of: ({ holders }) => holders[0]?.command ?? '' },
];

export const ports: CommandSpec = {
  name: 'ports',
  summary: 'Which ports instances listen on, and who holds them; ports kill PORT ends the holder',
  args: [
    ['[action]', 'kill, or nothing: list'],
    ['[port]', 'of kill'],
  ],
  options: [['--all', 'Also those of foreign processes'], ['--force', 'kill: also a process that is not proven ours'], JSON_OPTION],
  run: async ([action, port], options) => {
    if (action === 'kill') return killHolders(wholeNumber('port', port, 1, 65_535), options);
    if (action !== undefined) throw new ClusterError('ERR_INVALID_ARGUMENTS', `ports: there is kill PORT, got ${JSON.stringify(action)}`);
    const all = await portStatuses();
    const shown = options['all'] ? all : all.filter(({ holders }) => holders.some(({ instance }) => instance !== undefined));
    if (options['json']) sayJson(shown);
    else sayLines(shown.length === 0 ? ['No instance listens on any port.'] : table(shown, COLUMNS));
    return 0;
  },
};

async function killHolders(port: number, { force, json }: Readonly<Record<string, string | boolean | undefined>>): Promise<number> {
  const { killed, services: stopped } = await endHolders(port, force === true);
  if (json) sayJson({ port, killed, ...(stopped.length === 0 ? {} : { services: stopped }) });
  else sayLines([`port ${port} is free; ended: ${killed.join(', ')}${stopped.length === 0 ? '' : ` (${stopped.join(', ')}: wanted down from now on)`}`]);
  return 0;
}
