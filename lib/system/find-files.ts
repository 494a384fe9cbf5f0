// Every file of a name below a folder. What is behind a symbolic link is looked at last and once, so that a circle of links ends.

import { type Dirent, readdirSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../errors.js';

export interface FoundFiles {
  readonly files: readonly string[];
  /** Folders that were not looked at, and why. */
  readonly problems: readonly string[];
}

const MOST_LEVELS = 12;

interface Level {
  readonly folder: string;
  readonly depth: number;
}

/** Not in node_modules, and not in folders whose name begins with a dot. In the order of their paths. */
export function filesNamed(name: string, root: string): FoundFiles {
  const [files, problems, seen]: [string[], string[], Set<string>] = [[], [], new Set()];
  const [folders, links]: [Level[], Level[]] = [[{ folder: root, depth: 0 }], []];
  for (let next = folders.shift(); next !== undefined; next = folders.shift() ?? links.shift()) {
    const { folder, depth } = next;
    try {
      const real = realpathSync(folder);
      if (seen.has(real)) continue;
      if (depth > MOST_LEVELS) throw new Error(`more than ${MOST_LEVELS} levels below ${root}`);
      seen.add(real);
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        const path = join(folder, entry.name);
        const kind = kindOf(entry, path);
        if (kind === 'file' && entry.name === name) files.push(path);
        if (kind === 'folder' && isLookedAt(entry.name)) (entry.isSymbolicLink() ? links : folders).push({ folder: path, depth: depth + 1 });
      }
    } catch (error) {
      problems.push(`${folder} is not looked at: ${messageOf(error)}`);
    }
  }
  return { files: files.sort(), problems: problems.sort() };
}

const isLookedAt = (name: string) => name !== 'node_modules' && !name.startsWith('.');

function kindOf(entry: Dirent, path: string): 'file' | 'folder' | undefined {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'folder';
  if (!entry.isSymbolicLink()) return undefined;
  const target = statSync(path, { throwIfNoEntry: false });
  return target?.isDirectory() ? 'folder' : target?.isFile() ? 'file' : undefined;
}
