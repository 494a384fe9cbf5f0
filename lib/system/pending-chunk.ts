// What has been read from a pipe and is not in the log yet, kept in a small file meanwhile: a logger that is killed between the two
// loses nothing, and its successor writes it down. One chunk at a time. Everything but the bytes is prepared before they are read:
// between the read and the file there is one system call.

import { closeSync, fstatSync, ftruncateSync, openSync, readFileSync, statSync, writeSync, writevSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from './process-tree.js';
import { fileNames, removeFile } from './whole-files.js';

export interface ChunkFacts {
  readonly source: string;
  readonly stream: 'out' | 'err';
  /** The log as it was before: what a killed logger had half written is cut off again. */
  readonly log: { readonly inode: number; readonly bytes: number } | undefined;
}

/** First byte of the file: there is a chunk, or there is none any more. */
const PENDING = 'P'.charCodeAt(0);
const DONE = Buffer.from('D');
/** State, length of the facts, length of the bytes; then both. Overwritten in place: no block is allocated, nothing journalled. */
const FACTS_AT = 9;

export const pendingPath = (folder: string, pid: number): string => join(folder, `pending-${pid}`);

/** What killed loggers left there; shared: another one lives, whose master was killed while its workers still had something to say. */
export function pendingOf(folder: string): { readonly dead: readonly string[]; readonly isShared: boolean } {
  const others = fileNames(folder)
    .flatMap(name => /^pending-(\d+)$/.exec(name)?.[1] ?? [])
    .map(Number)
    .filter(pid => pid !== process.pid);
  const dead = others.filter(pid => !isAlive(pid));
  return { dead: dead.map(pid => pendingPath(folder, pid)), isShared: dead.length < others.length };
}

export class PendingChunk {
  readonly #path: string;
  #fd: number | undefined;

  constructor(path: string) {
    this.#path = path;
    try {
      this.#fd = openSync(path, 'w', 0o600);
    } catch {} // A disk that is full keeps nothing: then a kill at the wrong moment loses the chunk.
  }

  /** What goes before the bytes. */
  static header(facts: ChunkFacts): Buffer {
    const text = Buffer.from(JSON.stringify(facts));
    const header = Buffer.alloc(FACTS_AT + text.length);
    header[0] = PENDING;
    header.writeUInt32LE(text.length, 1);
    text.copy(header, FACTS_AT);
    return header;
  }

  save(header: Buffer, bytes: Uint8Array): void {
    if (this.#fd === undefined) return;
    try {
      header.writeUInt32LE(bytes.length, 5);
      writevSync(this.#fd, [header, bytes], 0);
    } catch {}
  }

  /** It is in the log. */
  done(): void {
    try {
      if (this.#fd !== undefined) writeSync(this.#fd, DONE, 0, 1, 0);
    } catch {}
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
    removeFile(this.#path);
  }
}

/** What a predecessor left; undefined when it had finished, or not even begun. */
export function pendingIn(path: string): { readonly facts: ChunkFacts; readonly time: string; readonly body: Buffer } | undefined {
  try {
    const bytes = readFileSync(path);
    if (bytes[0] !== PENDING) return undefined;
    const [facts, body] = [bytes.readUInt32LE(1), bytes.readUInt32LE(5)];
    const bodyAt = FACTS_AT + facts;
    if (bytes.length < bodyAt + body) return undefined;
    const parsed = JSON.parse(bytes.toString('utf8', FACTS_AT, bodyAt)) as ChunkFacts;
    return { facts: parsed, time: new Date(statSync(path).mtimeMs).toISOString(), body: bytes.subarray(bodyAt, bodyAt + body) };
  } catch {
    return undefined; // None there, or garbage.
  }
}

/** Cuts off what came after `bytes`, if it is still that file. */
export function cutBack(path: string, { inode, bytes }: NonNullable<ChunkFacts['log']>): void {
  try {
    const fd = openSync(path, 'r+');
    const { ino, size } = fstatSync(fd);
    if (ino === inode && size > bytes) ftruncateSync(fd, bytes);
    closeSync(fd);
  } catch {} // Renamed or gone meanwhile.
}
