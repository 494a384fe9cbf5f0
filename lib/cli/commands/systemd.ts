// app-cluster systemd [options of start], or --services FILE

import { join, resolve } from 'node:path';
import { ClusterError, messageOf } from '../../errors.js';
import { currentDirectory } from '../../system/environment.js';
import { createWhole, readTextWithin } from '../../system/whole-files.js';
import { sayLines } from '../say.js';
import { systemdPlan } from '../systemd/facts.js';
import { servicesPlan } from '../systemd/services-plan.js';
import { type Unit, unitsOf } from '../systemd/units.js';

const MOST_BYTES = 1e6;
/** Units are read by everybody, and hold no secrets. */
const READABLE = 0o644;

/** @param argv what follows `systemd` */
export async function systemd(argv: readonly string[]): Promise<number> {
  const { facts, write } = isOfServices(argv) ? await servicesPlan(argv) : systemdPlan(argv);
  const units = unitsOf(facts);
  if (write === undefined)
    sayLines([
      units
        .map(({ file, text }) => `# ${file}\n${text}`)
        .join('\n')
        .trimEnd(),
    ]);
  else {
    const folder = resolve(currentDirectory(), write);
    for (const unit of units) writeUnit(folder, unit);
    sayLines([...units.map(({ file }) => `wrote ${join(folder, file)}`), ...nextSteps(facts)]);
  }
  return 0;
}

/** Behind `--` are the program's own words. */
function isOfServices(argv: readonly string[]): boolean {
  const own = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;
  return own.some(word => word === '--services' || word.startsWith('--services='));
}

/** One that says something else is somebody's work. */
function writeUnit(folder: string, { file, text }: Unit): void {
  const path = join(folder, file);
  try {
    if (createWhole(path, text, READABLE) || readTextWithin(path, MOST_BYTES) === text) return;
  } catch (error) {
    throw new ClusterError('ERR_INVALID_ARGUMENTS', `--write: ${path} cannot be written (${messageOf(error)}).`, { cause: error });
  }
  throw new ClusterError('ERR_INVALID_ARGUMENTS', `--write: ${path} is there already and says something else. Remove it first.`);
}

function nextSteps({ name, user, socket }: { readonly name: string; readonly user: string | undefined; readonly socket: string | undefined }): string[] {
  const unit = socket === undefined ? name : `${name}.socket ${name}`;
  return [`systemctl daemon-reload && systemctl enable --now ${unit}`, `sudo -u ${user ?? 'root'} APP_CLUSTER_HOME=/var/lib/${name} app-cluster status`];
}
