// A log file with one writer: put aside by rename when it is large or old, compressed beside the work, bounded in number and size.
// A disk that is full loses lines and counts them; it never stops the writer, and writing goes on as soon as there is room.

import { closeSync, createReadStream, createWriteStream, fstatSync, ftruncateSync, openSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { CURRENT_LOG } from '../protocol/log-line.js';
import { wallClockMs } from './clock.js';
import { archived } from './log-folder.js';
import { privateFolder } from './private-folder.js';
import { fileFacts, readWhole, removeFile, writeWhole } from './whole-files.js';

export interface RotatingSpec {
  readonly folder: string;
  readonly maxBytes: number;
  readonly maxAgeMs?: number | undefined;
  readonly keep: number;
  readonly totalBytes: number;
  /** Records in one file; more are for the next. */
  readonly maxRecords?: number | undefined;
}

/** Names the logger that rotates. */
const OWNER = 'owner';

export class RotatingFile {
  readonly #spec: RotatingSpec;
  readonly #path: string;
  #fd: number | undefined;
  #size = 0;
  #inode = 0;
  #records = 0;
  #openedAt = 0;
  #serial = 0;
  #compressing: Promise<void> = Promise.resolve();

  constructor(spec: RotatingSpec) {
    this.#spec = spec;
    this.#path = join(spec.folder, CURRENT_LOG);
  }

  get path(): string {
    return this.#path;
  }

  /** Opens it ahead of the first write. */
  open(): void {
    try {
      privateFolder(this.#spec.folder);
      writeWhole(join(this.#spec.folder, OWNER), String(process.pid));
      if (this.#fd === undefined) this.#open();
    } catch {} // The first write will tell why.
  }

  /** Where the next write goes, unless it is put into a new file. */
  get position(): { readonly inode: number; readonly bytes: number } | undefined {
    return this.#fd === undefined ? undefined : { inode: this.#inode, bytes: this.#size };
  }

  /** The reason when it was not written, else undefined. @param records how many begin in it */
  write(bytes: Buffer, records: number): string | undefined {
    try {
      this.#makeRoom(bytes.length);
      this.#append(bytes);
    } catch (error) {
      return this.#failed(error as NodeJS.ErrnoException, bytes);
    }
    this.#records += records;
    return undefined;
  }

  /** After somebody else has renamed the file. */
  reopen(): void {
    this.#close();
    this.open();
  }

  /** Drops everything; returns how many files that were. */
  flush(): number {
    const names = [...archived(this.#spec.folder), CURRENT_LOG];
    this.#close();
    const removed = names.filter(name => removeFile(join(this.#spec.folder, name))).length;
    this.open();
    return removed;
  }

  /** Resolves when nothing is being compressed. */
  async close(): Promise<void> {
    this.#close();
    await this.#compressing;
  }

  /** What an earlier logger had no time for. */
  tidy(): void {
    for (const name of archived(this.#spec.folder).filter(file => file.endsWith('.log'))) this.#compress(join(this.#spec.folder, name));
    this.#prune();
  }

  #makeRoom(bytes: number): void {
    if (this.#fd === undefined) this.#open();
    this.#followPath();
    const { maxBytes, maxAgeMs, maxRecords } = this.#spec;
    const isLarge = this.#size > 0 && this.#size + bytes > maxBytes;
    const isOld = maxAgeMs !== undefined && this.#size > 0 && wallClockMs() - this.#openedAt > maxAgeMs;
    const isFull = isLarge || isOld || (maxRecords !== undefined && this.#records >= maxRecords);
    if (isFull && this.#isOwner()) this.#rotate();
  }

  /** Put aside by another logger, or by logrotate: what is written to the old one would be lost when that is compressed. */
  #followPath(): void {
    if (fileFacts(this.#path)?.inode === this.#inode) return;
    this.#close();
    this.#open();
  }

  /** Of several loggers of one folder the latest rotates. */
  #isOwner(): boolean {
    const owner = readWhole(join(this.#spec.folder, OWNER));
    return owner === undefined || owner === String(process.pid);
  }

  #append(bytes: Buffer): void {
    if (this.#fd === undefined) throw new Error('it is not open');
    const before = this.#size;
    try {
      for (let done = 0; done < bytes.length; ) done += writeSync(this.#fd, bytes, done);
      this.#size += bytes.length;
    } catch (error) {
      this.#cutBack(this.#fd, before); // No half a line, and none twice.
      throw error;
    }
  }

  #cutBack(fd: number, bytes: number): void {
    try {
      ftruncateSync(fd, bytes);
    } catch {}
  }

  /** EFBIG is a limit of the file (RLIMIT_FSIZE), not of the disk: another file may have room. */
  #failed(error: NodeJS.ErrnoException, bytes: Buffer): string | undefined {
    if (error.code === 'EFBIG' && this.#size > 0) {
      try {
        this.#rotate();
        this.#append(bytes);
        return undefined;
      } catch {}
    }
    return error.code ?? error.message;
  }

  #open(): void {
    privateFolder(this.#spec.folder);
    this.#fd = openSync(this.#path, 'a', 0o600);
    const { size, birthtimeMs, ino } = fstatSync(this.#fd);
    this.#inode = ino;
    this.#size = size;
    this.#records = 0;
    this.#openedAt = size > 0 ? birthtimeMs : wallClockMs();
  }

  #close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #rotate(): void {
    const stamp = new Date(wallClockMs()).toISOString().replaceAll(/[-:]/g, '').replace('.', '-').replace('Z', '');
    const aside = join(this.#spec.folder, `${stamp}-${String(this.#serial++ % 10_000).padStart(4, '0')}.log`);
    try {
      renameSync(this.#path, aside);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return; // The folder is read-only now: what is open is written on.
      this.#close(); // Moved or removed by somebody else.
      return this.#open();
    }
    this.#close();
    this.#open();
    if (this.#spec.maxRecords === undefined) this.#compress(aside);
    this.#prune();
  }

  /** One after another, so that a burst does not take every CPU. */
  #compress(path: string): void {
    const fresh = `${path}.gz.tmp`;
    this.#compressing = this.#compressing
      .then(() => pipeline(createReadStream(path), createGzip({ level: 1 }), createWriteStream(fresh, { mode: 0o600 })))
      .then(() => {
        renameSync(fresh, `${path}.gz`);
        unlinkSync(path);
      })
      .catch(() => void removeFile(fresh)); // Full, or pruned meanwhile: it stays as it is.
  }

  #prune(): void {
    const { folder, keep, totalBytes } = this.#spec;
    const newestFirst = archived(folder).toReversed();
    let total = this.#spec.maxBytes;
    let kept = 0;
    const seen = new Set<string>();
    for (const name of newestFirst) {
      const one = basename(name, '.gz');
      if (!seen.has(one)) kept++;
      seen.add(one);
      total += fileFacts(join(folder, name))?.bytes ?? 0;
      if (kept > keep || total > totalBytes) removeFile(join(folder, name));
    }
  }
}
