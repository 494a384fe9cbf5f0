// What the signals of a terminal and of an init system mean to a process that keeps others up.

import { type Clock, systemClock } from '../system/clock.js';
import { isBackgroundJob, writesToTerminal } from '../system/job-control.js';
import { onSignals } from '../system/signals.js';
import { oneAtATime } from './one-at-a-time.js';

const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGBREAK'] as const;
/** As unicorn has them: one worker more, one less. */
const STEPS: Readonly<Partial<Record<NodeJS.Signals, number>>> = { SIGTTIN: 1, SIGTTOU: -1 };
/**
 * One Ctrl-C reaches the whole terminal group, and the tools above us (egg-scripts, timeout, npm) pass theirs on: signals that come
 * together are one. Two keystrokes are further apart.
 */
export const SAME_ACT_MS = 50;
/** What is left after the second signal; the third leaves nothing. */
export const IMPATIENCE_MS = 2_000;
/** Steps within so long are one change of the size. */
export const GATHER_MS = 1_000;

/** A burst of HUPs within so long is two reloads. */
export const RELOADS_APART_MS = 2_000;

/** How a stop may become less polite while it is under way. */
export interface Haste {
  /** Nothing is polite any more. */
  readonly force: AbortSignal;
  /** `IMPATIENCE_MS` are left: nothing is waited for that is only courtesy. */
  readonly hurry: AbortSignal;
}

export interface SignalHandlers {
  /** The first of TERM, INT, QUIT. */
  stop(signal: string, haste: Haste): void;
  /** HUP. One is under way at a time, and one more may wait. */
  reload(): Promise<void> | void;
  /** The second, and the third. */
  hurried(signal: string, leftMs: number): void;
  /** TTIN and TTOU: so many workers more or less. Without it they are not listened to. */
  resize?(by: number): void;
  /** USR2. Without it it is not listened to. */
  upgrade?(): void;
  /** QUIT kills at once. */
  readonly isQuitFast?: boolean;
}

/** Calls whatever a signal means. */
export type Hear = (signal: NodeJS.Signals) => void;

/**
 * TERM, INT, QUIT: the first stops, the second leaves two seconds, the third none. HUP reloads, TTIN and TTOU resize. What listens is not
 * its business: this process's own signals, or somebody who passes his on.
 */
export function signalMeanings(handlers: SignalHandlers, clock: Clock): Hear {
  const stop = stopMeaning(handlers, clock);
  const reload = oneAtATime(async () => handlers.reload(), { clock, apartMs: RELOADS_APART_MS });
  const step = stepMeaning(handlers, clock);
  return signal => {
    if (signal === 'SIGHUP') reload();
    else if (signal === 'SIGUSR2') handlers.upgrade?.();
    else if (signal in STEPS) step(STEPS[signal] ?? 0);
    else stop(signal);
  };
}

function stopMeaning({ stop, hurried, isQuitFast = false }: SignalHandlers, clock: Clock): Hear {
  const [force, hurry] = [new AbortController(), new AbortController()];
  const haste = { force: force.signal, hurry: hurry.signal };
  let received = 0;
  let lastAt = Number.NEGATIVE_INFINITY;
  const isEcho = () => {
    const lastly = lastAt;
    lastAt = clock.now();
    return lastAt - lastly < SAME_ACT_MS;
  };
  const leave = (signal: string, leftMs: number) => {
    hurried(signal, leftMs);
    hurry.abort();
    if (leftMs === 0) force.abort();
    else clock.after(leftMs, () => force.abort());
  };
  return signal => {
    const isFast = isQuitFast && signal === 'SIGQUIT';
    if (isEcho() && !isFast) return;
    if (force.signal.aborted) return;
    received++;
    if (isFast && received === 1) force.abort();
    if (received === 1) stop(signal, haste);
    else leave(signal, received === 2 && !isFast ? IMPATIENCE_MS : 0);
  };
}

function stepMeaning({ resize }: SignalHandlers, clock: Clock): (by: number) => void {
  let sum: number | undefined;
  return by => {
    if (sum === undefined) {
      clock.after(GATHER_MS, () => {
        const total = sum ?? 0;
        sum = undefined;
        if (total !== 0) resize?.(total);
      });
    }
    sum = (sum ?? 0) + by;
  };
}

/**
 * What this process should listen to. Not to TTOU when it writes to a terminal: with `stty tostop` the kernel sends it for a write from the
 * background and, where it is listened to, tries the write again at once and for ever (measured: one processor, all of it).
 */
export function audible({ resize, upgrade }: SignalHandlers): NodeJS.Signals[] {
  const steps = resize === undefined ? [] : writesToTerminal() ? (['SIGTTIN'] as const) : (['SIGTTIN', 'SIGTTOU'] as const);
  return ['SIGHUP', ...STOP_SIGNALS, ...steps, ...(upgrade === undefined ? [] : (['SIGUSR2'] as const))];
}

/** How long the keeper may take to pass on what has reached the whole group. */
const PASSED_ON_MS = 250;

/**
 * Signals that the keeper passes on. One that reaches this process by itself counts only when the keeper does not pass it on too: a Ctrl-C
 * reaches both, and is one.
 */
export function obeyKeeper(handlers: SignalHandlers, clock: Clock = systemClock): Hear {
  const hear = signalMeanings(handlers, clock);
  const passedOn = new Map<string, number>();
  onSignals(['SIGHUP', 'SIGUSR2', ...STOP_SIGNALS], signal => {
    const at = clock.now();
    clock.after(PASSED_ON_MS, () => {
      if (Math.abs((passedOn.get(signal) ?? Number.NEGATIVE_INFINITY) - at) > PASSED_ON_MS) hear(signal);
    });
  });
  return signal => {
    passedOn.set(signal, clock.now());
    hear(signal);
  };
}

/** This process's own signals. */
export function obeySignals(handlers: SignalHandlers, clock: Clock = systemClock): void {
  const hear = signalMeanings(handlers, clock);
  onSignals(audible(handlers), signal => {
    const isTheKernels = signal in STEPS && isBackgroundJob(); // It means: who is in the background may not read.
    if (!isTheKernels) hear(signal);
  });
}
