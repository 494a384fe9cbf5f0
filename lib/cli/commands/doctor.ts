// app-cluster doctor

import { checkedServices } from '../../control/checked-services.js';
import { falseStates, leftovers } from '../../control/leftovers.js';
import { deadReservations } from '../../control/port-reservations.js';
import { entries } from '../../control/registry.js';
import { diskFinding } from '../../system/disk-space.js';
import { currentDirectory } from '../../system/environment.js';
import type { Finding } from '../../system/finding.js';
import { machineFindings } from '../../system/machine-facts.js';
import { runRoot, stateRoot, whyUnsafe } from '../../system/private-folder.js';
import { exists } from '../../system/project-files.js';
import { styled } from '../../system/terminal.js';
import { unitFiles } from '../../system/unit-files.js';
import { type CommandSpec, JSON_OPTION } from '../command.js';
import { servicesFindings } from '../doctor/services.js';
import { unitFindings } from '../doctor/units.js';
import { sayJson, sayLines } from '../say.js';

const EXIT_PROBLEM = 1;
const SIGNS = { ok: styled('green', '✓'), advice: styled('yellow', '!'), problem: styled('red', '✗') } as const;

export const doctor: CommandSpec = {
  name: 'doctor',
  summary: 'Look at Node, the system, its limits, units, services files and what is stale; say what to do about it',
  options: [JSON_OPTION],
  run: async (_, { json }) => {
    const findings = [
      ...(await machineFindings()),
      await diskFinding(stateRoot()),
      ...folderFindings(),
      ...staleFindings(),
      ...(await unitFindings(unitFiles(), { exists, check: file => checkedServices([file], currentDirectory()).catch(() => undefined) })),
      ...(await servicesFindings(currentDirectory())),
    ];
    if (json) sayJson(findings);
    else sayLines(findings.flatMap(linesOf));
    return findings.some(({ level }) => level === 'problem') ? EXIT_PROBLEM : 0;
  },
};

function linesOf({ topic, value, level, advice }: Finding): string[] {
  return [`${SIGNS[level]} ${styled('bold', topic.padEnd(22))} ${value}`, ...(advice === undefined ? [] : [styled('gray', `  ${' '.repeat(22)} → ${advice}`)])];
}

function folderFindings(): Finding[] {
  return [
    ['run folder', runRoot()],
    ['state folder', stateRoot()],
  ].map(([topic = '', path = '']) => {
    const unsafe = whyUnsafe(path);
    if (unsafe === undefined) return { topic, value: path, level: 'ok' as const };
    return { topic, value: unsafe, level: 'problem' as const, advice: 'Remove it, or set APP_CLUSTER_HOME to a folder of your own.' };
  });
}

function staleFindings(): Finding[] {
  if (whyUnsafe(runRoot()) !== undefined) return []; // What it says is not believed.
  const dead = entries().filter(({ isAlive }) => !isAlive);
  const left = leftovers();
  const files = [
    ...falseStates().map(({ fullName }) => `state of ${fullName}, which does not run`),
    ...deadReservations().map(({ port, service }) => `port ${port}, kept for ${service}`),
  ];
  if (dead.length + left.length + files.length === 0) return [{ topic: 'left behind', value: 'nothing', level: 'ok' }];
  const value = [
    ...dead.map(({ entry }) => `entry ${entry.name}`),
    ...left.map(({ pid, service }) => `process ${pid}${service === undefined ? '' : ` (${service})`}`),
    ...files,
  ].join(', ');
  return [{ topic: 'left behind', value, level: 'advice', advice: 'app-cluster cleanup' }];
}
