// Reads a file that grows, in blocks, and notices when another one is in its place.

import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';

export const BLOCK_BYTES = 64 * 2 ** 10;

export class FileReader {
  #fd: number | undefined;
  #position = 0;
  #inode = 0;

  get isOpen(): boolean {
    return this.#fd !== undefined;
  }

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

  /** That is the file that is open. */
  is(path: string): boolean {
    try {
      return statSync(path).ino === this.#inode;
    } catch {
      return false;
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
