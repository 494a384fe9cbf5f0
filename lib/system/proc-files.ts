// Small files and folders of /proc and /sys: read at once, and never an exception, because any of them may be missing or forbidden.

import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';

/** How parsers are given files: undefined for one that is missing or not ours to read. */
export type ReadText = (path: string) => string | undefined;

export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** The numbers among the names of a folder: pids in /proc, descriptors in /proc/PID/fd. */
export function numericNames(folder: string): number[] {
  try {
    return readdirSync(folder).map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

const CHUNK_BYTES = 1_024;

/** A table as far as its rows are wanted, the first of them always: the kernel makes rows only as they are read, and of some tables that takes long. */
export function readRows(path: string, isWanted: (row: string) => boolean): string | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'r');
    return rowsOf(fd, isWanted);
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function rowsOf(fd: number, isWanted: (row: string) => boolean): string {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let [text, seen] = ['', 0];
  for (let length = readSync(fd, chunk); length > 0; length = readSync(fd, chunk)) {
    text += chunk.toString('latin1', 0, length);
    for (let end = text.indexOf('\n', seen); end >= 0; end = text.indexOf('\n', seen)) {
      if (seen > 0 && !isWanted(text.slice(seen, end))) return text.slice(0, seen);
      seen = end + 1;
    }
  }
  return text;
}
