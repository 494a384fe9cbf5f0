// The life of one child process, as a table. A child lives once: nothing leads back from `gone`.

export type Status = 'starting' | 'ready' | 'hung' | 'draining' | 'stopping' | 'killing' | 'lost' | 'gone';
export type Cause = 'ready' | 'heartbeat' | 'drain' | 'stop' | 'kill' | 'quit' | 'exited' | 'overdue';
export type Patience = 'start' | 'silence' | 'hang' | 'drain' | 'stop' | 'kill';

interface Stage {
  /** Where each cause leads. A cause not listed is stale and ignored. */
  readonly on: Readonly<Partial<Record<Cause, Status>>>;
  /** Which patience runs here. When it is over, the cause is `overdue`. */
  readonly patience?: Patience;
}

/**
 * - `hung`: its event loop is silent; a replacement is booted before it is killed, a heartbeat brings it back.
 * - `draining`: accepts no more, finishes what it has; user code is fully alive.
 * - `stopping`: got SIGTERM; user code closes its resources.
 * - `quit`: it leaves service by itself, having cut its channel or got a SIGTERM from somebody else. It drains without being told.
 * - `lost`: SIGKILL did not help (uninterruptible sleep): reported, never waited for.
 */
export const LIFE: Readonly<Record<Status, Stage>> = {
  starting: {
    patience: 'start',
    on: { ready: 'ready', heartbeat: 'starting', drain: 'stopping', stop: 'stopping', kill: 'killing', quit: 'stopping', exited: 'gone', overdue: 'stopping' },
  },
  ready: {
    patience: 'silence',
    on: { heartbeat: 'ready', drain: 'draining', stop: 'stopping', kill: 'killing', quit: 'draining', exited: 'gone', overdue: 'hung' },
  },
  hung: { patience: 'hang', on: { heartbeat: 'ready', stop: 'stopping', kill: 'killing', quit: 'killing', exited: 'gone', overdue: 'killing' } },
  draining: { patience: 'drain', on: { stop: 'stopping', kill: 'killing', exited: 'gone', overdue: 'stopping' } },
  stopping: { patience: 'stop', on: { kill: 'killing', exited: 'gone', overdue: 'killing' } },
  killing: { patience: 'kill', on: { exited: 'gone', overdue: 'lost' } },
  lost: { on: { exited: 'gone' } },
  gone: { on: {} },
};

const IN_SERVICE: ReadonlySet<Status> = new Set(['starting', 'ready', 'hung']);

/** Failure is a property of the edge: dying, hanging or never getting ready is one, leaving when told to is not. */
export function isFailure(from: Status, cause: Cause): boolean {
  return IN_SERVICE.has(from) && (cause === 'exited' || cause === 'overdue' || cause === 'quit');
}
