// app-cluster ls

import { type ListedRow, listAll } from '../../control/list-services.js';
import { type CommandSpec, JSON_OPTION } from '../command.js';
import { colouredStatus } from '../render/status-colour.js';
import { type Column, table } from '../render/table.js';
import { duration } from '../render/units.js';
import { sayJson, sayLines } from '../say.js';

const COLUMNS: readonly Column<ListedRow>[] = [
  { title: 'name', of: ({ name }) => name },
  { title: 'kind', of: ({ kind }) => kind },
  { title: 'pid', of: ({ pid }) => (pid === undefined ? '–' : String(pid)), isNumber: true },
  { title: 'status', of: ({ status }) => colouredStatus(status) },
  { title: 'address', of: ({ address }) => address ?? '–' },
  { title: 'up', of: ({ uptimeMs }) => (uptimeMs === undefined ? '–' : duration(uptimeMs)), isNumber: true },
  { title: 'folder', of: ({ baseDir }) => baseDir },
];

export const ls: CommandSpec = {
  name: 'ls',
  summary: 'List what runs',
  options: [JSON_OPTION, ['--names', 'Only the names, one a line']],
  run: async (_, { json, names }) => {
    const all = await listAll();
    if (json) sayJson(all.map(({ name, kind, pid, address, status, startedAt }) => ({ name, kind, pid, address, status, startedAt })));
    else if (names) sayLines(all.map(({ name }) => name));
    else sayLines(all.length === 0 ? ['Nothing is running.'] : table(all, COLUMNS));
    return 0;
  },
};
