// Writes down where a blocked main thread stands, and what it spends its time on. Runs beside it, in the watchdog's thread.

import { evidenceFile, type HangEvidence } from '../protocol/hang.js';
import { wallClockMs } from '../system/clock.js';
import { type MainThreadSight, openMainThread } from '../system/main-thread-inspector.js';
import { privateFolder } from '../system/private-folder.js';
import { removeFile, writeWhole } from '../system/whole-files.js';

const PROFILE_MS = 500;
const ANSWER_MS = 1_000;

const NO_INSPECTOR = 'no stack: this Node has no inspector';
const NO_ANSWER = 'no stack: it runs no JavaScript';

export interface WitnessNeeds {
  readonly folder: string;
  /** Of this process: unlike any other's. */
  readonly mark: string;
  readonly pid: number;
  readonly limitMs: number;
}

export class HangWitness {
  readonly #needs: WitnessNeeds;
  #round = 0;
  #written: string[] = [];

  constructor(needs: WitnessNeeds) {
    this.#needs = needs;
  }

  /** The stack first: it is there at once, the profile takes its time. */
  async capture(): Promise<void> {
    const round = ++this.#round;
    this.#written = [];
    const sight = openMainThread(Math.min(ANSWER_MS, this.#needs.limitMs / 2));
    if (sight === undefined) return this.#write(round, { stack: [], note: NO_INSPECTOR });
    try {
      await this.#look(round, sight);
    } finally {
      sight.close();
    }
  }

  async #look(round: number, sight: MainThreadSight): Promise<void> {
    this.#write(round, { stack: [], note: NO_ANSWER }); // Until there is one: the master may read at any moment.
    const stack = await sight.stack();
    if (stack === undefined) return;
    this.#write(round, { stack });
    const text = await sight.profile(Math.min(PROFILE_MS, this.#needs.limitMs / 4));
    const profile = text === undefined ? undefined : this.#keep(round, this.#profilePath(), text);
    if (profile !== undefined) this.#write(round, { stack, profile });
  }

  /** It has come back in time. */
  drop(): void {
    this.#round++;
    for (const path of this.#written.splice(0)) removeFile(path);
  }

  #write(round: number, evidence: HangEvidence): void {
    this.#keep(round, evidenceFile(this.#needs.folder, this.#needs.mark), JSON.stringify(evidence));
  }

  /** A name that says when and who, for people. */
  #profilePath(): string {
    const { folder, mark, pid } = this.#needs;
    const time = new Date(wallClockMs()).toISOString().slice(0, 19).replaceAll(':', '-');
    return `${folder}/${time}-${mark.split('.').at(-1)}-${pid}-${this.#round}.cpuprofile`;
  }

  /** A disk that is full, or a folder that is not ours, costs the evidence. */
  #keep(round: number, path: string, text: string): string | undefined {
    if (round !== this.#round) return undefined; // It has come back meanwhile.
    try {
      writeWhole(`${privateFolder(this.#needs.folder)}${path.slice(this.#needs.folder.length)}`, text);
      this.#written.push(path);
      return path;
    } catch {
      return undefined;
    }
  }
}
