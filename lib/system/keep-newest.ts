// Keeps a folder of evidence from growing for ever.

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { removeFile } from './whole-files.js';

/** Removes the oldest files beyond `most`. */
export function keepNewest(folder: string, most: number): void {
  try {
    const files = readdirSync(folder).map(name => ({ path: join(folder, name), at: statSync(join(folder, name)).mtimeMs }));
    for (const { path } of files.toSorted((a, b) => b.at - a.at).slice(most)) removeFile(path);
  } catch {} // Not there yet, or changing under our eyes: the next time.
}
