// One process among the others that can be seen and steered: its name in the registry, its control server, its recording, its journal.

import { type Claim, socketPath, stateFolder } from '../control/registry.js';
import type { ServeNeeds } from '../control/server.js';
import { journalFile } from '../control/timeline.js';
import { ClusterError, messageOf } from '../errors.js';
import { isForTheJournal } from '../observe/journal-events.js';
import type { Surface } from '../protocol/control.js';
import type { ClusterEvent } from '../protocol/events.js';
import type { LogsStatus } from '../protocol/snapshot.js';
import { repeatUnref, wallClockMs } from '../system/clock.js';
import { packageVersion } from '../system/entries.js';
import { newMark } from '../system/instance-mark.js';
import { addToJournal } from '../system/journal.js';
import { claimFor, filesOf, followState, tokenFile } from './claim.js';
import type { CommonNeeds } from './common-surface.js';
import { Doors } from './doors.js';
import type { EventBus } from './event-bus.js';
import { History } from './history.js';
import type { InstanceFacts, Served } from './instance-facts.js';
import { openRecording } from './open-recording.js';
import type { Recording } from './recording.js';

/** Somebody may have removed the entry, or cut it in half: it is written again. */
const REASSERT_MS = 10_000;

export class Instance {
  readonly mark = newMark();
  readonly #facts: InstanceFacts;
  readonly #events: EventBus;
  readonly #history = new History();
  readonly #doors: Doors;
  readonly #over = new AbortController();
  #claim: Claim | undefined;
  #recording: Recording | undefined;
  #served: Served | undefined;
  #warning: string | undefined;
  #closed: Promise<void> | undefined;
  #cancelReassert: () => void = () => {};

  constructor(facts: InstanceFacts, events: EventBus) {
    this.#facts = facts;
    this.#events = events;
    this.#doors = new Doors(event => events.emit(event));
  }

  get name(): string {
    return this.#claim?.entry.name ?? this.#facts.name;
  }
  get recording(): Recording | undefined {
    return this.#recording;
  }
  /** For what is known of workers that hung; undefined: nothing is kept. */
  get hangFolder(): string | undefined {
    return this.#isJournalled ? `${stateFolder(this.name)}/hangs` : undefined;
  }
  /** What can be asked of it; undefined before `serve`. */
  get surface(): Surface | undefined {
    return this.#served?.surface;
  }
  /** Why it cannot be steered, or not in every way; undefined: it can. */
  get warning(): string | undefined {
    return this.#warning;
  }
  /** In the run root, while the name is taken. */
  get files(): { readonly entry?: string; readonly socket?: string } {
    return this.#claim === undefined ? {} : filesOf(this.name);
  }
  get logs(): LogsStatus {
    return this.#recording?.status ?? { droppedLines: 0, restarts: 0 };
  }
  get common(): CommonNeeds {
    return { name: this.name, history: this.#history, recording: this.#recording, isJournalled: this.#isJournalled, over: this.#over.signal };
  }

  /** Takes the name. Throws ERR_ALREADY_RUNNING; anything else that goes wrong costs the control, and not the service. */
  async open(): Promise<void> {
    this.#events.onAny(this.#history.add);
    this.#events.onAny(this.#write);
    if (!this.#facts.isHeir) await this.#takeName();
    this.#record();
    this.#cancelReassert = repeatUnref(REASSERT_MS, () => void this.#reassert());
  }

  async #takeName(): Promise<void> {
    try {
      this.#claim = await claimFor(this.#facts, { mark: this.mark, isRecorded: this.#recording !== undefined });
    } catch (error) {
      if (error instanceof ClusterError && error.code === 'ERR_ALREADY_RUNNING') throw error;
      this.#complain(error);
    }
  }

  /** What a predecessor that still serves has had so far: the entry, and who answers on the socket. */
  async inherit(): Promise<void> {
    await this.#takeName();
    this.#claim?.update({ isRecorded: this.#recording !== undefined });
    if (this.#served !== undefined) await this.serve(this.#served);
  }

  /** A successor has them now. Who is being answered gets his answer. */
  bequeath(): void {
    this.#cancelReassert();
    this.#doors.abandon();
  }

  #record(): void {
    try {
      this.#recording = openRecording(this.name, this.#facts.logs, {
        mark: this.mark,
        events: this.#events,
        ownsOutput: this.#facts.ownsOutput ?? true,
        isLabelled: this.#facts.kind === 'supervisor',
      });
    } catch (error) {
      this.#complain(error, 'Nothing is recorded');
    }
    this.#claim?.update({ isRecorded: this.#recording !== undefined });
  }

  /** From the first fork on, beside children that boot. */
  async serve(served: Served): Promise<void> {
    const { surface, probes, state } = served;
    this.#served = served;
    const needs = this.#serveNeeds({ surface, probes });
    if (this.#claim !== undefined) followState(state, this.#claim, this.#events);
    try {
      if (this.#claim !== undefined) await this.#doors.openSocket(socketPath(this.name), needs, this.#facts.isHeir);
    } catch (error) {
      this.#complain(error);
    }
    const isAdminOpen = this.#openAdmin(needs);
    if (!this.#facts.isHeir) await isAdminOpen; // A predecessor gives the port up when it has heard of us.
    if (this.#closed !== undefined) await this.#doors.close(); // Stopped in its first moments.
  }

  async #openAdmin(needs: ServeNeeds): Promise<void> {
    const { admin, isKept } = this.#facts;
    if (this.#claim === undefined || admin === undefined) return;
    try {
      await this.#doors.openAdmin(admin, tokenFile(this.name), { ...needs, isHeir: isKept });
    } catch (error) {
      this.#complain(error, 'The control API is not served on TCP');
    }
  }

  /** Nothing is left in the run root, and the last lines are written. Idempotent: everybody waits for the same end. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#cancelReassert();
    this.#over.abort();
    await this.#doors.close();
    this.#claim?.release();
    await this.#recording?.end();
  }

  /** Written again; or tried again, where there was no room or no right at first. */
  async #reassert(): Promise<void> {
    if (this.#claim !== undefined) {
      this.#claim.update({});
      return this.#served && this.#doors.restoreSocket(this.#serveNeeds(this.#served)).catch(() => {}); // The next time.
    }
    if (this.#closed !== undefined || this.#served === undefined || this.#facts.isHeir) return;
    try {
      const claim = await claimFor(this.#facts, { mark: this.mark, isRecorded: this.#recording !== undefined });
      if (this.#closed !== undefined) return claim?.release(); // It has ended meanwhile.
      this.#claim = claim;
      this.#warning = undefined;
      await this.serve(this.#served);
    } catch {} // Still not; it has been said.
  }

  #serveNeeds({ surface, probes }: Pick<Served, 'surface' | 'probes'>): ServeNeeds {
    return { surface, probes, version: packageVersion(), audit: entry => this.#events.emit({ type: 'operated', ...entry }) };
  }

  #complain(error: unknown, what = 'It cannot be steered from other terminals'): void {
    this.#warning = `${what}: ${messageOf(error)}`;
    this.#events.emit({ type: 'control-unavailable', reason: this.#warning });
  }

  get #isJournalled(): boolean {
    return (this.#claim !== undefined || this.#facts.isHeir) && this.#facts.isJournalled;
  }

  readonly #write = (event: ClusterEvent): void => {
    const isLife = this.#facts.kind === 'run' && event.type === 'child-forked'; // All there is of a start.
    if (this.#isJournalled && (isLife || isForTheJournal(event))) addToJournal(journalFile(this.name), { seq: 0, at: wallClockMs(), event });
  };
}
