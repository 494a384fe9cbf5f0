// The unit files of systemd that an administrator or this user has written.

import { join } from 'node:path';
import { variable } from './environment.js';
import { fileNames, readWhole } from './whole-files.js';

export interface UnitFile {
  readonly path: string;
  readonly text: string;
}

/** Of the system, then this user's own. */
export function unitFolders(): readonly string[] {
  const home = variable('HOME');
  const own = variable('XDG_CONFIG_HOME') ?? (home === undefined ? undefined : join(home, '.config'));
  return ['/etc/systemd/system', ...(own === undefined ? [] : [join(own, 'systemd', 'user')])];
}

/** Services only. What cannot be read is left out. */
export function unitFiles(folders: readonly string[] = unitFolders()): readonly UnitFile[] {
  return folders.flatMap(folder =>
    fileNames(folder)
      .filter(name => name.endsWith('.service'))
      .flatMap(name => {
        const text = readWhole(join(folder, name));
        return text === undefined ? [] : [{ path: join(folder, name), text }];
      }),
  );
}
