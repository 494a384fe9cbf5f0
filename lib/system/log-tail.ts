// Reads what a logger has recorded: the last lines, and what follows. Only looks; rotation is noticed by the file's identity.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CURRENT_LOG, type LogLine, parseLine } from '../protocol/log-line.js';
import { pauseWithin, turn } from './clock.js';
import { BLOCK_BYTES, FileReader } from './file-reader.js';
import { archived } from './log-folder.js';
import { requirePackage } from './require-package.js';

const POLL_MS = 100;
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
export async function* tailLog(spec: TailSpec, signal?: AbortSignal): AsyncGenerator<LogLine> {
  const { folder, lines, follow, since, fits } = spec;
  const path = join(folder, CURRENT_LOG);
  const reader = new FileReader();
  const joiner = new Joiner();
  const what = { joiner, since, fits };
  try {
    reader.open(path);
    let newest = archived(folder).at(-1) ?? '';
    yield* await oneByOne(async () => {
      const near = await lastOf(reader, lines, what);
      return [...(await olderThan(near, spec)), ...near];
    });
    while (follow && !signal?.aborted) {
      const hasMoved = reader.hasMoved(path);
      const hadOne = reader.isOpen;
      for (let text = reader.read(); text !== ''; text = reader.read()) yield* wanted(text, what);
      if (!hasMoved || !reader.open(path)) {
        await pauseWithin(POLL_MS, signal);
        continue;
      }
      // The first of those that came meanwhile is what was read just now; a burst may have filled more.
      const newer = archived(folder).filter(name => bare(name) > bare(newest) && !reader.is(join(folder, name)));
      newest = archived(folder).at(-1) ?? newest;
      for (const name of [...new Set(newer.map(bare))].slice(hadOne ? 1 : 0))
        for (const text of blocksOf(await contentOf(folder, name))) yield* wanted(text, what);
    }
  } finally {
    reader.close();
  }
}

/** The past may be long, and readers many: one at a time holds a file in memory. */
function oneByOne<T>(read: () => Promise<T>): Promise<T> {
  const result = turnOf.then(read);
  turnOf = result.catch(() => {});
  return result;
}
let turnOf: Promise<unknown> = Promise.resolve();

const bare = (name: string) => name.replace(/\.gz$/, '');

/** From what was put aside, newest first, until there is enough or it is too old. */
async function olderThan(near: readonly LogLine[], { folder, lines, since, fits }: TailSpec): Promise<readonly LogLine[]> {
  let found: LogLine[] = [];
  const names = [...new Set(archived(folder).map(bare))];
  for (const name of names.toReversed()) {
    const missing = lines - near.length - found.length;
    if (missing <= 0) break;
    let isOld = false;
    const inTime = (line: LogLine) => {
      isOld ||= since !== undefined && line.time < since;
      return fits(line);
    };
    const older = await collect(blocksOf(await contentOf(folder, name)), missing, { joiner: new Joiner(), since: undefined, fits: inTime });
    found = [...older.filter(({ time }) => since === undefined || time >= since), ...found];
    if (isOld) break; // What comes before is older still.
  }
  return found;
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
    return isCut ? [] : [decoded(whole)];
  }
}

function decoded({ isUnfinished: _, ...line }: LogLine): LogLine {
  return { ...line, text: Buffer.from(line.text, 'latin1').toString('utf8') };
}

/** Compressed or not yet. */
async function contentOf(folder: string, name: string): Promise<Buffer> {
  const path = join(folder, name);
  try {
    return await readFile(path);
  } catch {}
  try {
    const bytes = await readFile(`${path}.gz`);
    const { gunzip } = requirePackage<typeof import('node:zlib')>('node:zlib');
    return await new Promise((resolve, reject) => gunzip(bytes, (error, whole) => (error ? reject(error) : resolve(whole))));
  } catch {
    return Buffer.alloc(0); // Pruned meanwhile.
  }
}
