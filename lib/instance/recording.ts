// What this instance's processes write, recorded by a logger process: keeps the pipes open, starts a dead logger again, and loses
// nothing meanwhile. If no logger can be started, output is thrown away and counted, so that no worker ever waits for one.

import { ClusterError } from '../errors.js';
import type { Emit } from '../protocol/events.js';
import type { Stream } from '../protocol/log-line.js';
import type { FromLogger, LogSettings, ToLogger } from '../protocol/logger-words.js';
import type { LogsStatus } from '../protocol/snapshot.js';
import { type Cancel, type Clock, pause } from '../system/clock.js';
import { type LoggerProcess, startLogger } from '../system/logger-process.js';
import type { OutputPipe } from '../system/output-pipe.js';

/** A logger that dies is started again after this, twice as long each time, back to nothing once it has lived for STABLE_MS. */
const FIRST_DELAY_MS = 50;
const LONGEST_DELAY_MS = 10_000;
const STABLE_MS = 10_000;
/** So many in a row, and pipes are emptied here until one lives. */
const MOST_FAILURES = 4;
/** Own lines that wait for a logger. */
const MOST_WAITING = 10_000;
/** At the end: how long the logger may take for what is in the pipes. */
const END_MS = 3_000;
/** How long a start in the background waits for its own lines to be in the log. */
const CAUGHT_UP_MS = 2_000;
const POLL_MS = 10;
/** An estimate, for output nobody could read. */
const BYTES_PER_LINE = 100;

interface Source {
  facts: Extract<ToLogger, { act: 'source' }>;
  readonly pipe: OutputPipe;
  stopDiscarding?: (() => void) | undefined;
}

export interface RecordingNeeds {
  readonly settings: LogSettings;
  readonly mark: string;
  readonly clock: Clock;
  readonly emit: Emit;
  /** Who its own lines are from. */
  readonly self: string;
}

export class Recording {
  readonly #needs: RecordingNeeds;
  readonly #sources = new Map<number, Source>();
  readonly #waiting = new Map<number, Extract<ToLogger, { act: 'line' }>>();
  readonly #answers = new Map<number, (files: number | undefined) => void>();
  #logger: LoggerProcess | undefined;
  #startedAt = 0;
  #failures = 0;
  #restarts = 0;
  #droppedLines = 0;
  #serial = 0;
  #isEnding = false;
  #onEnded: () => void = () => {};
  #cancelRestart: Cancel = () => {};

  constructor(needs: RecordingNeeds) {
    this.#needs = needs;
  }

  get status(): LogsStatus {
    return { folder: this.#needs.settings.folder, droppedLines: this.#droppedLines, restarts: this.#restarts };
  }

  start(): void {
    if (this.#logger !== undefined || this.#isEnding) return;
    const { settings, mark, clock } = this.#needs;
    this.#startedAt = clock.now();
    const logger = startLogger(settings, mark, { onWord: word => this.#onWord(word), onExit: () => this.#onExit() });
    this.#logger = logger;
    logger.unref(); // Children keep a master alive, and nothing else.
    for (const source of this.#sources.values()) this.#hand(source);
    for (const line of this.#waiting.values()) logger.say(line);
  }

  /** From now on these pipes are ours to close. */
  record(source: string, output: Readonly<Partial<Record<Stream, OutputPipe>>> | undefined): void {
    for (const stream of ['out', 'err'] as const) {
      const pipe = output?.[stream];
      if (pipe === undefined) continue;
      const entry: Source = { facts: { act: 'source', id: ++this.#serial, source, stream }, pipe };
      this.#sources.set(entry.facts.id, entry);
      if (this.#logger === undefined && this.#failures >= MOST_FAILURES) this.#discard(entry);
      else this.#hand(entry);
    }
  }

  /** What comes out of these pipes is somebody else's from now on. */
  rename(source: string, output: Readonly<Partial<Record<Stream, OutputPipe>>> | undefined): void {
    for (const entry of this.#sources.values()) {
      if (entry.pipe !== output?.out && entry.pipe !== output?.err) continue;
      entry.facts = { ...entry.facts, source };
      this.#logger?.say({ act: 'rename', id: entry.facts.id, source });
    }
  }

  /** A line of our own. Kept until it is in the file. */
  line(stream: Stream, text: string): void {
    const word = { act: 'line', n: ++this.#serial, stream, text, source: this.#needs.self } as const;
    if (this.#waiting.size >= MOST_WAITING) {
      this.#droppedLines++;
      return;
    }
    this.#waiting.set(word.n, word);
    this.#logger?.say(word);
  }

  /** How many files were dropped, or opened anew. Rejects with ERR_UNREACHABLE when the logger dies meanwhile or does not answer. */
  async ask(act: 'reopen' | 'flush'): Promise<number> {
    const n = ++this.#serial;
    const answer = new Promise<number | undefined>(resolve => this.#answers.set(n, resolve));
    const cancel = this.#needs.clock.after(END_MS, () => this.#answer(n, undefined));
    if (!this.#logger?.say({ act, n })) this.#answer(n, undefined);
    const files = await answer;
    cancel();
    if (files === undefined) throw new ClusterError('ERR_UNREACHABLE', 'The logger did not answer. Try again.');
    return files;
  }

  #answer(n: number, files: number | undefined): void {
    this.#answers.get(n)?.(files);
    this.#answers.delete(n);
  }

  /** Resolves when all that this one wrote is in the file: it has ended. Gives up after a while. */
  async readToEnd(source: string): Promise<void> {
    const until = this.#needs.clock.now() + CAUGHT_UP_MS;
    const isOpen = () => [...this.#sources.values()].some(({ facts }) => facts.source === source);
    while (isOpen() && this.#needs.clock.now() < until) await pause(this.#needs.clock, POLL_MS);
  }

  /** Resolves when our own lines so far are in the file: who looks into the log now finds them. Gives up after a while. */
  async caughtUp(): Promise<void> {
    const until = this.#needs.clock.now() + CAUGHT_UP_MS;
    while (this.#waiting.size > 0 && this.#needs.clock.now() < until) await pause(this.#needs.clock, POLL_MS);
  }

  /** Resolves when everything is written, or it takes too long. */
  async end(): Promise<void> {
    this.#cancelRestart();
    if (this.#sources.size > 0) this.start(); // One that has just died, or was not needed yet: what is in the pipes is still to be read.
    this.#isEnding = true;
    if (this.#logger === undefined) return;
    const ended = new Promise<void>(resolve => {
      this.#onEnded = resolve;
    });
    this.#logger.say({ act: 'end' });
    const cancel = this.#needs.clock.after(END_MS, () => this.#onEnded());
    await ended;
    cancel();
  }

  #hand(source: Source): void {
    if (this.#logger === undefined) return;
    source.stopDiscarding?.();
    source.stopDiscarding = undefined;
    this.#logger.say(source.facts, source.pipe.handle);
  }

  #onWord(word: FromLogger): void {
    if (word.act === 'ended') this.#forget(word.id);
    if (word.act === 'written') this.#waiting.delete(word.n);
    if (word.act === 'dropped') this.#onDropped(word.lines);
    if (word.act === 'done') this.#answer(word.n, word.files);
  }

  #onDropped(lines: number): void {
    if (this.#droppedLines === 0) this.#needs.emit({ type: 'logs-dropped', folder: this.#needs.settings.folder });
    this.#droppedLines += lines;
  }

  #forget(id: number): void {
    this.#sources.get(id)?.pipe.close();
    this.#sources.delete(id);
  }

  #onExit(): void {
    const { clock, emit } = this.#needs;
    this.#logger = undefined;
    for (const n of [...this.#answers.keys()]) this.#answer(n, undefined);
    if (this.#isEnding) return this.#onEnded();
    this.#failures = clock.now() - this.#startedAt > STABLE_MS ? 1 : this.#failures + 1;
    this.#restarts++;
    const waitMs = this.#failures === 1 ? 0 : Math.min(FIRST_DELAY_MS * 2 ** (this.#failures - 2), LONGEST_DELAY_MS);
    emit({ type: 'logger-died', waitMs });
    if (this.#failures >= MOST_FAILURES) this.#discardAll();
    this.#cancelRestart = clock.after(waitMs, () => this.start());
  }

  #discardAll(): void {
    for (const source of this.#sources.values()) this.#discard(source);
  }

  #discard(source: Source): void {
    source.stopDiscarding ??= source.pipe.discard(bytes => {
      this.#droppedLines += Math.ceil(bytes / BYTES_PER_LINE);
    });
  }
}
