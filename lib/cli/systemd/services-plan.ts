// What was typed after `app-cluster systemd --services FILE` → what the unit of its supervisor says.

import { dirname } from 'node:path';
import { checkedServices } from '../../control/checked-services.js';
import { ClusterError } from '../../errors.js';
import type { ServicesCheck } from '../../protocol/services-check.js';
import { UP_SHARED, upCommand } from '../../protocol/up-command.js';
import { COMMAND_FILE } from '../../system/entries.js';
import { currentDirectory, nodeFile } from '../../system/environment.js';
import { printError } from '../../system/last-resort.js';
import { account, isLow, type SystemdPlan, searchPath, unitName } from './facts.js';
import { optionWords } from './option-words.js';

/** What is left after the budget is killed, and looked after. */
const KILL_MS = 5_000;
/** Of this command alone. */
const OWN = ['--user', '--group', '--write', '--services'];
/** Options of `systemd` that an application has and a supervisor has not. */
const NOT_HERE = ['--socket', '--daemon', '-d', '--json', '--check'];

/** @param argv what follows `systemd` */
export async function servicesPlan(argv: readonly string[]): Promise<SystemdPlan> {
  refuseWhatIsNotHere(argv);
  const command = upCommand().exitOverride().requiredOption('--services <file>').option('--user <name>').option('--group <name>').option('--write <dir>');
  command.parse([...argv], { from: 'user' });
  const given = command.opts<Readonly<Record<string, string | undefined>>>();
  const { services: file = '', name, user, group, write } = given;
  if (command.args.length > 0)
    throw new ClusterError(
      'ERR_INVALID_ARGUMENTS',
      `--services: ${command.args.join(' ')}: which services run is said in the file (desired), not in the unit.`,
    );
  const shared = optionWords(argv, OWN);
  const check = await checkedServices([file, ...(name === undefined ? [] : ['--name', name])], currentDirectory());
  sayProblems(check);
  const node = nodeFile();
  return {
    write,
    facts: {
      name: unitName(check.name),
      kind: 'services',
      command: [node, COMMAND_FILE, 'up', check.file, ...(name === undefined ? ['--name', check.name] : []), ...shared],
      folder: dirname(check.file),
      paths: check.services.flatMap(({ cwd, program }) => [cwd, program ?? []].flat()),
      user: account('--user', user),
      group: account('--group', group),
      path: searchPath(node),
      socket: undefined,
      startMs: check.startMs,
      stopMs: check.stopMs + KILL_MS,
      lameDuckMs: 0,
      needsLowPort: user !== undefined && check.services.some(({ port }) => isLow(String(port))),
    },
  };
}

function refuseWhatIsNotHere(argv: readonly string[]): void {
  const wrong = NOT_HERE.find(flag => argv.some(word => word === flag || word.startsWith(`${flag}=`)));
  if (wrong === undefined) return;
  const why = wrong === '--socket' ? 'sockets are bound by the services themselves' : 'the unit says how it runs';
  throw new ClusterError('ERR_INVALID_ARGUMENTS', `${wrong}: not together with --services: ${why}. There are --name, --user, --group, --write, ${UP_SHARED}.`);
}

/** A file that cannot be read makes no unit; what is missing may come later, or be seen by the unit's user only. */
function sayProblems({ problems, warnings }: ServicesCheck): void {
  const ofFile = problems.filter(({ service }) => service === undefined).map(({ message }) => message);
  if (ofFile.length > 0) throw new ClusterError('ERR_INVALID_CONFIG', ofFile.join('\n'));
  for (const text of [...warnings, ...problems.map(({ message }) => message)]) printError(`app-cluster: ${text}`);
}
