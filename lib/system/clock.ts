// Time, behind an interface. The only file that makes timers.

export type Cancel = () => void;

export interface Clock {
  /** Monotonic milliseconds: for durations, never for display. */
  now(): number;
  after(ms: number, callback: () => void): Cancel;
  /** The same, counting only time in which this process ran: see `afterRunning`. */
  afterRunning(ms: number, callback: () => void): Cancel;
}

/** Node caps timers here and would fire at once beyond it. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => performance.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, Math.min(ms, LONGEST_TIMER_MS));
    return () => clearTimeout(timer);
  },
  afterRunning: (ms, callback) => afterRunning(systemClock, ms, callback),
};

/** A timer that counts running time is cut into so many steps, none longer than the longest. */
const STEPS = 4;
const LONGEST_STEP_MS = 1_000;
/** A step that comes later than this, beyond its own length, has slept: the process was stopped, or the machine. */
const LATE_MS = 50;

/**
 * Counts only time in which this process ran: a step that comes much too late counts once. The last one must have been in time, so that
 * after a sleep everything that waits to be read is read before anybody is called overdue.
 */
export function afterRunning(clock: Pick<Clock, 'now' | 'after'>, ms: number, callback: () => void): Cancel {
  const step = Math.min(LONGEST_STEP_MS, Math.max(1, Math.ceil(ms / STEPS)));
  let left = ms;
  let cancel: Cancel = () => {};
  const next = (stepMs: number) => {
    const startedAt = clock.now();
    cancel = clock.after(stepMs, () => {
      const tookMs = clock.now() - startedAt;
      const hasSlept = tookMs - stepMs > step + LATE_MS;
      left -= hasSlept ? stepMs : tookMs;
      if (left <= 0 && !hasSlept) callback();
      else next(left <= 0 ? step : Math.min(step, left));
    });
  };
  next(Math.min(step, Math.max(0, ms)));
  return () => cancel();
}

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
