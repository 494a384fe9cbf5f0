// A master that systemd has started tells it what happens.

import type { EventBus } from '../instance/event-bus.js';
import { tellSystemd } from '../observe/systemd-notify.js';
import { systemClock } from '../system/clock.js';
import { monotonicUsec, systemdNotifier, takeSystemdWishes } from '../system/systemd-notifier.js';
import type { Cluster } from './cluster.js';

/**
 * Nothing where systemd has not asked (NOTIFY_SOCKET).
 * @param mainPid the process that systemd has started: this one, or what stands above it
 */
export function followForSystemd(cluster: Cluster, events: EventBus, mainPid: number): void {
  const wishes = takeSystemdWishes(mainPid);
  if (wishes === undefined) return;
  const notifier = systemdNotifier(wishes.socket, reason => events.emit({ type: 'systemd-not-told', reason }));
  const state = () => {
    const { generation } = cluster;
    const { length: workers } = cluster.snapshot().workers.filter(({ status }) => status === 'ready');
    return `${workers} ${workers === 1 ? 'worker' : 'workers'}, generation ${generation}`;
  };
  events.onAny(tellSystemd({ notifier, wishes, mainPid, clock: systemClock, monotonicUsec, state }));
}
