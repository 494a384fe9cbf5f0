// What is being read, and where it goes: framed into the file, and as it is to the terminal.

import type { Stream } from '../protocol/log-line.js';
import type { LogSettings } from '../protocol/logger-words.js';
import { wallClockMs } from '../system/clock.js';
import { readPipe } from '../system/output-pipe.js';
import { Framer } from './framing.js';
import { Labels } from './labels.js';
import type { Recorder } from './recorder.js';

/** More than these in one read, and there are more to come: a pipe holds some hundred, however short they are. */
const MANY_LINES = 16;

export interface SourceFacts {
  readonly id: number;
  readonly source: string;
  readonly stream: Stream;
}

export interface SourceNeeds {
  readonly settings: LogSettings;
  readonly recorder: Recorder;
  readonly passThrough: (stream: Stream, chunk: Buffer) => void;
  readonly onEnded: (id: number) => void;
}

export class Sources {
  readonly #needs: SourceNeeds;
  readonly #open = new Map<number, Framer>();
  readonly #labels = new Labels();

  constructor(needs: SourceNeeds) {
    this.#needs = needs;
  }

  get isEmpty(): boolean {
    return this.#open.size === 0;
  }

  /** What it writes from now on is of that name. */
  rename({ id, source }: Pick<SourceFacts, 'id' | 'source'>): void {
    const framer = this.#open.get(id);
    if (framer === undefined) return;
    framer.spec = { ...framer.spec, source };
    this.#needs.recorder.prepare(framer);
  }

  read({ id, source, stream }: SourceFacts, handle: unknown): void {
    const { settings, recorder, passThrough, onEnded } = this.#needs;
    const framer = new Framer({ source, stream, isJson: settings.isJson });
    const label = settings.isLabelled ? this.#labels.of(source) : undefined;
    this.#open.set(id, framer);
    recorder.prepare(framer);
    readPipe(handle, {
      onChunk: chunk => {
        const lines = recorder.recordChunk(chunk, framer);
        passThrough(stream, label === undefined ? chunk : label(chunk));
        recorder.prepare(framer);
        return lines >= MANY_LINES;
      },
      onEnd: () => {
        this.#open.delete(id);
        onEnded(id);
      },
    });
  }
}

export const now = (): string => new Date(wallClockMs()).toISOString();
