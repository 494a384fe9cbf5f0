// Reads what a logger has recorded: the last lines, and what follows. Only looks; rotation is noticed by the file's identity.

import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CURRENT_LOG, type LogLine, parseLine } from '../protocol/log-line.js';
import { pauseWithin, turn } from './clock.js';
import { archived } from './log-folder.js';
import { requirePackage } from './require-package.js';

const POLL_MS = 100;
const BLOCK_BYTES = 64 * 2 ** 10;
/** An unfinished line is given out at this length. */
const LONGEST_LINE = 2 ** 20;

export interface TailSpec {
  readonly folder: string;
  /** How many that fit, of the past. */
  readonly lines: number;
  readonly follow: boolean;
  /** ISO 8601: nothing older. */
  readonly since?: string | undefined;
  readonly fits: (line: LogLine) => boolean;
}

/** Looked at first: the last lines of a long file are near its end. */
const WINDOW_BYTES = 256 * 2 ** 10;

/** Oldest first. Follows until `signal` aborts. A missing folder has no lines yet. */
export async function* tailLog({ folder, lines, follow, since, fits }: TailSpec, signal?: AbortSignal): AsyncGenerator<LogLine> {
  const path = join(folder, CURRENT_LOG);
  const reader = new FileReader();
  const joiner = new Joiner();
  let past = reader.open(path) ? await lastOf(reader, lines, { joiner, since, fits }) : [];
  for (const name of archived(folder).toReversed()) {
    if (past.length >= lines) break;
    const older = await collect(blocksOf(await contentOf(join(folder, name))), lines - past.length, { joiner: new Joiner(), since, fits });
    if (since !== undefined && older.length === 0) break;
    past = [...older, ...past];
  }
  yield* past;
  try {
    while (follow && !signal?.aborted) {
      const hasMoved = reader.hasMoved(path);
      for (let text = reader.read(); text !== ''; text = reader.read()) yield* wanted(text, { joiner, since, fits });
      if (hasMoved) reader.open(path);
      else await pauseWithin(POLL_MS, signal);
    }
  } finally {
    reader.close();
  }
}

/** The last lines that fit; the file has been read to its end then. */
async function lastOf(reader: FileReader, most: number, { joiner, since, fits }: Wanted): Promise<LogLine[]> {
  if (reader.seekBack(WINDOW_BYTES)) {
    const near = await collect(reader.blocks(), most, { joiner, since, fits });
    if (near.length >= most) return near;
    joiner.forget();
    reader.seekBack(Number.POSITIVE_INFINITY);
  }
  return collect(reader.blocks(), most, { joiner, since, fits });
}

/** Keeps no more than it has to, however long the file is, and lets others have their turn: a master may be reading. */
async function collect(blocks: Iterable<string>, most: number, what: Wanted): Promise<LogLine[]> {
  let found: LogLine[] = [];
  for (const block of blocks) {
    await turn();
    found.push(...wanted(block, what));
    if (found.length > 2 * most + 1_000) found = found.slice(found.length - most);
  }
  return found.slice(Math.max(0, found.length - most));
}

function* blocksOf(bytes: Buffer): Generator<string> {
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) yield bytes.toString('latin1', at, at + BLOCK_BYTES);
}

interface Wanted {
  readonly joiner: Joiner;
  readonly since: string | undefined;
  readonly fits: (line: LogLine) => boolean;
}

function wanted(text: string, { joiner, since, fits }: Wanted): LogLine[] {
  return joiner
    .push(text)
    .filter(line => since === undefined || line.time >= since)
    .filter(fits);
}

/** File text → whole lines: an entry may be cut by a read, a line by the logger. Latin-1 in, real text out. */
export class Joiner {
  #rest = '';
  readonly #unfinished = new Map<string, LogLine>();

  push(text: string): LogLine[] {
    const entries = (this.#rest + text).split('\n');
    this.#rest = entries.pop() ?? '';
    return entries.flatMap(entry => this.#take(entry));
  }

  forget(): void {
    this.#rest = '';
    this.#unfinished.clear();
  }

  #take(entry: string): LogLine[] {
    const line = parseLine(entry);
    if (line === undefined) return [];
    const key = `${line.source} ${line.stream}`;
    const begun = this.#unfinished.get(key);
    const whole = begun === undefined ? line : { ...begun, text: begun.text + line.text, isUnfinished: line.isUnfinished ?? false };
    const isCut = line.isUnfinished === true && whole.text.length < LONGEST_LINE;
    if (isCut) this.#unfinished.set(key, whole);
    else this.#unfinished.delete(key);
    return isCut ? [] : [decoded(whole, entry)];
  }
}

function decoded({ isUnfinished: _, ...line }: LogLine, entry: string): LogLine {
  const bytes = Buffer.from(line.text, 'latin1');
  return { ...line, text: entry.startsWith('{') ? Buffer.from(line.text, 'latin1').toString('utf8') : bytes.toString('utf8') };
}

class FileReader {
  #fd: number | undefined;
  #position = 0;
  #inode = 0;

  open(path: string): boolean {
    this.close();
    this.#position = 0;
    try {
      this.#fd = openSync(path, 'r');
      this.#inode = fstatSync(this.#fd).ino;
      return true;
    } catch {
      return false; // Not there yet, or not ours to read.
    }
  }

  /** A new file is there, or the first one. */
  hasMoved(path: string): boolean {
    try {
      return this.#fd === undefined || statSync(path).ino !== this.#inode;
    } catch {
      return false;
    }
  }

  /** To so many bytes before the end, at the beginning of an entry. False: the file is not that long, and it is at its beginning. */
  seekBack(bytes: number): boolean {
    const size = this.#fd === undefined ? 0 : fstatSync(this.#fd).size;
    this.#position = Math.max(0, size - bytes);
    if (this.#position === 0) return false;
    const block = this.read();
    this.#position += block.indexOf('\n') + 1 - block.length;
    return true;
  }

  *blocks(): Generator<string> {
    for (let text = this.read(); text !== ''; text = this.read()) yield text;
  }

  /** What comes next; empty at the end, for now. */
  read(): string {
    if (this.#fd === undefined) return '';
    const block = Buffer.allocUnsafe(BLOCK_BYTES);
    if (fstatSync(this.#fd).size < this.#position) this.#position = 0; // Somebody has cut it.
    const count = readSync(this.#fd, block, 0, BLOCK_BYTES, this.#position);
    this.#position += count;
    return block.toString('latin1', 0, count);
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}

async function contentOf(path: string): Promise<Buffer> {
  try {
    const bytes = await readFile(path);
    if (!path.endsWith('.gz')) return bytes;
    const { gunzip } = requirePackage<typeof import('node:zlib')>('node:zlib');
    return await new Promise((resolve, reject) => gunzip(bytes, (error, whole) => (error ? reject(error) : resolve(whole))));
  } catch {
    return Buffer.alloc(0); // Pruned, or just being compressed.
  }
}
