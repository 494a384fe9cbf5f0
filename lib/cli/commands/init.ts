// app-cluster init: writes a commented configuration file; from a PM2 ecosystem file, if one is named.

import { basename, dirname, join, resolve } from 'node:path';
import { ClusterError, messageOf } from '../../errors.js';
import { currentDirectory } from '../../system/environment.js';
import { loadModule } from '../../system/load-module.js';
import { exists, readText } from '../../system/project-files.js';
import { writeWhole } from '../../system/whole-files.js';
import type { CommandSpec } from '../command.js';
import { type ConfigFormat, commentedConfig } from '../init/commented-config.js';
import { fromPm2, type TranslatedApp } from '../init/from-pm2.js';
import { sayLines } from '../say.js';

const FORMATS: readonly ConfigFormat[] = ['js', 'json', 'yaml'];

export const init: CommandSpec = {
  name: 'init',
  summary: 'Write a commented app-cluster.config.mjs here; from a PM2 ecosystem file with --from-pm2',
  options: [
    ['--from-pm2 <file>', 'Translate this ecosystem.config.js (or .json)'],
    ['--app <name>', 'Only this one of its apps'],
    ['--format <format>', 'js, json or yaml. Default: js'],
    ['--force', 'Overwrite what is there'],
  ],
  run: async (_, { fromPm2: file, app, format = 'js', force }) => {
    if (!FORMATS.includes(format as ConfigFormat))
      throw new ClusterError('ERR_INVALID_ARGUMENTS', `--format: should be js, json or yaml, got ${JSON.stringify(format)}`);
    const apps =
      file === undefined ? [{ name: '', options: {}, notes: [] }] : fromPm2(await load(String(file)), app === undefined ? undefined : String(app)).apps;
    for (const one of apps) writeConfig(one, { format: format as ConfigFormat, isOnly: apps.length === 1, isForced: force === true });
    return 0;
  },
};

/** Several apps are several clusters: a file each, named in `--config`. */
function writeConfig(
  { name, options, notes }: TranslatedApp,
  { format, isOnly, isForced }: { format: ConfigFormat; isOnly: boolean; isForced: boolean },
): void {
  const extension = format === 'js' ? 'mjs' : format;
  const file = isOnly ? `app-cluster.config.${extension}` : `app-cluster.${name.replaceAll(/[^\w.-]/g, '_')}.config.${extension}`;
  const path = join(currentDirectory(), file);
  if (exists(path) && !isForced) throw new ClusterError('ERR_INVALID_ARGUMENTS', `${file} is there already. Add --force to overwrite it.`);
  writeWhole(path, commentedConfig(options, { format }));
  sayLines([`wrote ${file}`, ...notes.map(note => `  note: ${note}`), `Start it with: app-cluster start${isOnly ? '' : ` --config ${file}`}`]);
}

async function load(file: string): Promise<unknown> {
  const path = resolve(currentDirectory(), file);
  if (!exists(path)) throw new ClusterError('ERR_INVALID_ARGUMENTS', `${basename(file)} does not exist in ${dirname(path)}.`);
  try {
    if (path.endsWith('.json')) return JSON.parse(readText(path));
    const loaded = (await loadModule(path)) as { default?: unknown };
    return loaded.default ?? loaded;
  } catch (error) {
    throw new ClusterError('ERR_INVALID_CONFIG', `${file} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}
