// Time, behind an interface. The only file that makes timers.

export type Cancel = () => void;

export interface Clock {
  /** Monotonic milliseconds: for durations, never for display. */
  now(): number;
  after(ms: number, callback: () => void): Cancel;
}

/** Node caps timers here and would fire at once beyond it. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => performance.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, Math.min(ms, LONGEST_TIMER_MS));
    return () => clearTimeout(timer);
  },
};

/** A timer that does not keep its process alive. */
export function afterUnref(ms: number, callback: () => void): Cancel {
  const timer = setTimeout(callback, Math.min(ms, LONGEST_TIMER_MS)).unref();
  return () => clearTimeout(timer);
}

/** Every `ms`, without keeping its process alive. */
export function repeatUnref(ms: number, callback: () => void): Cancel {
  const timer = setInterval(callback, ms).unref();
  return () => clearInterval(timer);
}

/** Every `ms` until cancelled. */
export function repeat(clock: Clock, ms: number, callback: () => void): Cancel {
  let cancel: Cancel = () => {};
  const next = () => {
    cancel = clock.after(ms, () => {
      next();
      callback();
    });
  };
  next();
  return () => cancel();
}

/** Resolves when everybody else has had a turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise(resolve => {
    setImmediate(resolve);
  });
}

/** Resolves after `ms`. */
export function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise(resolve => {
    clock.after(ms, resolve);
  });
}

/** Resolves after `ms`, or when `signal` aborts. */
export function pauseWithin(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise(resolve => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done);
    if (signal?.aborted) done();
  });
}

/** Wall-clock time, for display and files only. */
export const wallClockMs = (): number => Date.now();
