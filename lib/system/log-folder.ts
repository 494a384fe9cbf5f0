// The files of one log that were put aside.

import { readdirSync } from 'node:fs';

/** Oldest first. */
export function archived(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter(name => /^\d{8}T\d{6}-\d{3}-\d{4}\.log(\.gz)?$/.test(name))
      .toSorted();
  } catch {
    return [];
  }
}
