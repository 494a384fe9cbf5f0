// Framed lines → the file. Counts what could not be written, and says so in the log itself as soon as it can be written again.

import type { RotatingFile } from '../system/rotating-file.js';
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
  /** For the logger's own lines. */
  readonly own: Framer;
  readonly now: () => string;
  readonly onDropped: (lines: number) => void;
}

export class Recorder {
  readonly #needs: RecorderNeeds;
  #dropped = 0;
  #since = '';

  constructor(needs: RecorderNeeds) {
    this.#needs = needs;
  }

  record(framed: Framed): void {
    const { file, now, onDropped } = this.#needs;
    if (framed.lines === 0) return;
    const lost = this.#dropped === 0 ? undefined : this.#confess();
    const reason = lost ?? file.write(Buffer.from(framed.text, 'latin1'), framed.records);
    if (reason === undefined) return;
    if (this.#dropped === 0) this.#since = now();
    this.#dropped += framed.lines;
    onDropped(framed.lines);
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
