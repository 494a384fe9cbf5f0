// What the signals of a terminal and of an init system mean to a process that keeps others up.

import { type Clock, systemClock } from '../system/clock.js';
import { onSignals } from '../system/signals.js';

const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGBREAK'] as const;
/**
 * One Ctrl-C reaches the whole terminal group, and the tools above us (egg-scripts, timeout, npm) pass theirs on: signals that come
 * together are one. Two keystrokes are further apart.
 */
export const SAME_ACT_MS = 50;
/** What is left after the second signal; the third leaves nothing. */
export const IMPATIENCE_MS = 2_000;

export interface SignalHandlers {
  /** The first of TERM, INT, QUIT. */
  stop(signal: string, force: AbortSignal): void;
  /** HUP. */
  reload(): void;
  /** The second, and the third. */
  hurried(signal: string, leftMs: number): void;
}

/** Everything that means something, from wherever it is heard. */
export const HEARD: readonly NodeJS.Signals[] = ['SIGHUP', ...STOP_SIGNALS];

/**
 * TERM, INT, QUIT: the first stops, the second leaves two seconds, the third none. HUP reloads. What listens is not its business: this
 * process's own signals, or somebody who passes his on.
 */
export function signalMeanings({ stop, reload, hurried }: SignalHandlers, clock: Clock): (signal: NodeJS.Signals) => void {
  const impatient = new AbortController();
  let received = 0;
  let lastAt = Number.NEGATIVE_INFINITY;
  const hearStop = (signal: NodeJS.Signals) => {
    const isEcho = clock.now() - lastAt < SAME_ACT_MS;
    lastAt = clock.now();
    if (isEcho) return;
    received++;
    if (received === 1) return stop(signal, impatient.signal);
    const leftMs = received === 2 ? IMPATIENCE_MS : 0;
    hurried(signal, leftMs);
    if (leftMs === 0) impatient.abort();
    else clock.after(leftMs, () => impatient.abort());
  };
  return signal => (signal === 'SIGHUP' ? reload() : hearStop(signal));
}

/** This process's own signals. */
export function obeySignals(handlers: SignalHandlers, clock: Clock = systemClock): void {
  onSignals(HEARD, signalMeanings(handlers, clock));
}
