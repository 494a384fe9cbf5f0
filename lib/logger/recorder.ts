// What was read → the file, framed. Counts what could not be written, and says so in the log itself as soon as it can be written again.

import { cutBack, PendingChunk, pendingIn, pendingOf, pendingPath } from '../system/pending-chunk.js';
import type { RotatingFile } from '../system/rotating-file.js';
import { removeFile } from '../system/whole-files.js';
import type { Framed, Framer } from './framing.js';

/** Segments of a log that is bounded by its records. */
const SEGMENTS = 10;

/** So many records in one file, so that all files together hold no more than `records`. */
export function segmentsOf(records: number): { readonly maxRecords: number; readonly keep: number } {
  const maxRecords = Math.max(1, Math.floor(records / SEGMENTS));
  return { maxRecords, keep: Math.max(0, Math.floor(records / maxRecords) - 1) };
}

export interface RecorderNeeds {
  readonly file: RotatingFile;
  /** Where a chunk is kept between pipe and file. */
  readonly folder: string;
  readonly pid: number;
  /** For the logger's own lines. */
  readonly own: Framer;
  readonly now: () => string;
  readonly onDropped: (lines: number) => void;
}

export class Recorder {
  readonly #needs: RecorderNeeds;
  readonly #headers = new Map<Framer, Buffer>();
  #pending: PendingChunk | undefined;
  #dropped = 0;
  #since = '';

  constructor(needs: RecorderNeeds) {
    this.#needs = needs;
  }

  /** From a pipe, where it is gone: kept until it is in the file. Returns how many lines it were. */
  recordChunk(chunk: Buffer, framer: Framer): number {
    this.#pending?.save(this.#headerOf(framer), chunk);
    const framed = framer.frame(chunk.toString('latin1'), this.#needs.now());
    this.record(framed);
    this.#pending?.done();
    return framed.lines;
  }

  /** Ahead of the next read: then the bytes can be kept at once. */
  prepare(framer: Framer): void {
    this.#headerOf(framer);
  }

  /** What a killed predecessor had in its hands. Cuts off what it had half written first. */
  recover(framerOf: (source: string, stream: 'out' | 'err') => Framer): void {
    const { file, folder, pid } = this.#needs;
    const { dead, isShared } = pendingOf(folder);
    for (const path of dead) this.#takeOver(path, isShared, framerOf);
    file.open();
    this.#pending ??= new PendingChunk(pendingPath(folder, pid));
  }

  /** Where another logger still writes, what comes after a half written chunk may be that one's: nothing is cut off. */
  #takeOver(path: string, isShared: boolean, framerOf: (source: string, stream: 'out' | 'err') => Framer): void {
    const { file, folder, pid } = this.#needs;
    const left = pendingIn(path);
    if (left?.facts.log !== undefined && !isShared) cutBack(file.path, left.facts.log);
    file.open();
    this.#pending ??= new PendingChunk(pendingPath(folder, pid));
    removeFile(path);
    if (left === undefined) return;
    const framer = framerOf(left.facts.source, left.facts.stream);
    this.#pending?.save(this.#headerOf(framer), left.body);
    this.record(framer.frame(left.body.toString('latin1'), left.time));
    this.#pending?.done();
  }

  #headerOf(framer: Framer): Buffer {
    const known = this.#headers.get(framer);
    if (known !== undefined) return known;
    const { source, stream } = framer.spec;
    const header = PendingChunk.header({ source, stream, log: this.#needs.file.position });
    this.#headers.set(framer, header);
    return header;
  }

  record(framed: Framed): void {
    const { file, now, onDropped } = this.#needs;
    if (framed.lines === 0) return;
    const lost = this.#dropped === 0 ? undefined : this.#confess();
    const reason = lost ?? file.write(Buffer.from(framed.text, 'latin1'), framed.records);
    this.#headers.clear(); // The log has grown: they say where it ended.
    if (reason === undefined) return;
    if (this.#dropped === 0) this.#since = now();
    this.#dropped += framed.lines;
    onDropped(framed.lines);
  }

  close(): void {
    this.#pending?.close();
  }

  /** Undefined when it could be written. */
  #confess(): string | undefined {
    const { file, own, now } = this.#needs;
    const text = `${this.#dropped} lines since ${this.#since} could not be written: the disk was full, or the file too large\n`;
    const framed = own.frame(text, now());
    const reason = file.write(Buffer.from(framed.text, 'latin1'), framed.records);
    if (reason === undefined) this.#dropped = 0;
    return reason;
  }
}
