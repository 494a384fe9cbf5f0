// What was read from one child → framed lines. Keeps nothing back: an unfinished line is written as one, so that a logger that is
// killed has nothing in its hands. Works on Latin-1 text, one character a byte: nothing is decoded, nothing mangled.

import { formatJsonLine, formatLine, type LineKind, type LogLine, type Stream } from '../protocol/log-line.js';

export interface FramerSpec {
  readonly source: string;
  readonly stream: Stream;
  readonly isJson: boolean;
}

export interface Framed {
  readonly text: string;
  readonly lines: number;
  readonly records: number;
}

/**
 * Colours, titles, cursor movements are for a terminal, and could steer the one of a reader: CSI, OSC and two-letter sequences (ECMA-48, 5.4
 * and 8.3.89).
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
const SEQUENCES = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])/g;

export class Framer {
  spec: FramerSpec;
  #isMidLine = false;

  constructor(spec: FramerSpec) {
    this.spec = spec;
  }

  /** @param chunk Latin-1 */
  frame(chunk: string, time: string): Framed {
    const pieces = (chunk.includes('\x1b') ? chunk.replace(SEQUENCES, '') : chunk).split('\n');
    const last = pieces.length - 1;
    const { source, stream, isJson } = this.spec;
    const format = isJson ? jsonOf : formatLine;
    let text = '';
    let records = 0;
    for (let index = 0; index <= last; index++) {
      const piece = pieces[index] ?? '';
      if (index === last && piece === '') break;
      const kind = this.#kindOf(piece, index);
      if (kind === 'record') records++;
      text += `${format({ time, source, stream, kind, text: piece, isUnfinished: index === last })}\n`;
    }
    this.#isMidLine = pieces[last] !== '';
    return { text, lines: pieces[last] === '' ? last : last + 1, records };
  }

  #kindOf(piece: string, index: number): LineKind {
    if (index === 0 && this.#isMidLine) return 'more';
    if (piece === '' || piece === '\r' || piece.startsWith(' ') || piece.startsWith('\t')) return 'more';
    return index === 0 ? 'record' : 'same';
  }
}

/** JSON is text, not bytes: what is no UTF-8 becomes U+FFFD there. */
function jsonOf(line: LogLine): string {
  return latin1(formatJsonLine({ ...line, text: utf8(line.text) }));
}

const utf8 = (bytes: string) => new TextDecoder().decode(Uint8Array.from(bytes, letter => letter.charCodeAt(0)));
const latin1 = (text: string) => Array.from(new TextEncoder().encode(text), byte => String.fromCharCode(byte)).join('');
