// ClusterEvent → what systemd wants to know of a service of Type=notify (sd_notify(3)).

import type { ClusterEvent, EventOf, EventType } from '../protocol/events.js';
import { type Clock, repeat } from '../system/clock.js';
import type { SystemdNotifier, SystemdWishes } from '../system/systemd-notifier.js';

export interface SystemdNeeds {
  readonly notifier: SystemdNotifier;
  readonly wishes: Pick<SystemdWishes, 'watchdogMs'>;
  /** The process that systemd has started, and follows. */
  readonly mainPid: number;
  readonly clock: Clock;
  readonly monotonicUsec: () => string;
  /** How things are, in a few words. */
  readonly state: () => string;
}

/** Beyond what we need ourselves: systemd is to be the last to lose its patience. */
const SLACK_MS = 5_000;
/** So often within the time that systemd allows. */
const WATCHDOG_SHARE = 0.5;

type Texts = { readonly [T in EventType]?: (event: EventOf<T>) => readonly string[] };

export function tellSystemd({ notifier, wishes, mainPid, clock, monotonicUsec, state }: SystemdNeeds): (event: ClusterEvent) => void {
  let lastStatus = '';
  let isUp = false;
  let isSucceeded = false;
  let endWatchdog = () => {};
  const status = () => `STATUS=${state()}`;
  const ready = () => ['READY=1', status()];
  const reloading = () => ['RELOADING=1', `MONOTONIC_USEC=${monotonicUsec()}`, 'STATUS=reloading'];
  const whenUp = () => (isUp && status() !== lastStatus ? [status()] : []);
  const started = () => {
    isUp = true;
    const { watchdogMs } = wishes;
    if (watchdogMs !== undefined) endWatchdog = repeat(clock, watchdogMs * WATCHDOG_SHARE, () => notifier.tell(['WATCHDOG=1']));
    return ['READY=1', `MAINPID=${mainPid}`, status()];
  };
  const texts: Texts = {
    'cluster-started': started,
    'supervisor-started': started,
    'service-starting': ({ service, limitMs }) => (isUp ? [] : [`STATUS=starting ${service}`, extended(limitMs)]),
    'service-started': whenUp,
    'service-stopped': whenUp,
    'service-healthy': whenUp,
    'service-unhealthy': whenUp,
    'desired-changed': whenUp,
    'config-applying': () => (isUp ? reloading() : []),
    'config-settled': () => (isUp ? ready() : []),
    'cluster-reloading': reloading,
    'cluster-restarting': reloading,
    'cluster-reloaded': ready,
    'cluster-restarted': ready,
    'reload-failed': ready, // The old ones serve on.
    'cluster-resized': whenUp,
    'child-started': whenUp,
    'child-left': whenUp,
    'cluster-stopping': ({ budgetMs }) => {
      isUp = false;
      return ['STOPPING=1', 'STATUS=stopping', extended(budgetMs)];
    },
    'lame-duck-began': ({ waitMs, budgetMs }) => ['STATUS=serving on, not ready any more', extended(waitMs + budgetMs)],
    'cluster-draining': ({ requests, sockets, leftMs }) => [`STATUS=draining: ${requests} requests, ${sockets} sockets`, extended(leftMs)],
    'cluster-stopped': () => {
      endWatchdog();
      return [];
    },
  };
  return event => {
    if (event.type === 'cluster-succeeded') {
      endWatchdog();
      isSucceeded = true; // Another tells from now on.
    }
    if (isSucceeded) return;
    const assignments = (texts[event.type] as ((event: ClusterEvent) => readonly string[]) | undefined)?.(event) ?? [];
    if (assignments.length === 0) return;
    lastStatus = assignments.find(text => text.startsWith('STATUS=')) ?? lastStatus;
    notifier.tell(assignments);
  };
}

const extended = (ms: number) => `EXTEND_TIMEOUT_USEC=${Math.round((ms + SLACK_MS) * 1_000)}`;
