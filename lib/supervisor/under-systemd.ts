// A supervisor that systemd has started tells it what happens.

import { tellSystemd } from '../observe/systemd-notify.js';
import { systemClock } from '../system/clock.js';
import { ownPid } from '../system/environment.js';
import { isMainOfUnit, monotonicUsec, systemdNotifier, takeSystemdWishes } from '../system/systemd-notifier.js';
import type { Supervising } from './supervising.js';

/**
 * Tells nothing where systemd has not asked (NOTIFY_SOCKET), and takes the question out of the environment: it is not for the services.
 * @returns whether systemd has started this process
 */
export function followForSystemd(supervising: Supervising): boolean {
  const { events } = supervising;
  const mainPid = ownPid();
  const wishes = takeSystemdWishes(mainPid);
  if (wishes === undefined) return isMainOfUnit(mainPid);
  const notifier = systemdNotifier(wishes.socket, reason => events.emit({ type: 'systemd-not-told', reason }));
  const state = () => stateOf(supervising);
  events.onAny(tellSystemd({ notifier, wishes, mainPid, clock: systemClock, monotonicUsec, state }));
  return true;
}

function stateOf({ supervisor }: Supervising): string {
  const wanted = supervisor.services.filter(({ desired }) => desired === 'up');
  const well = wanted.filter(({ isReady, record }) => (isReady && record.trouble === undefined) || record.givenUp === 'completed');
  const unwell = wanted.filter(service => !well.includes(service)).map(({ name }) => name);
  return `${well.length} of ${wanted.length} wanted services${unwell.length === 0 ? '' : `; not: ${listed(unwell)}`}`;
}

const MOST_NAMES = 5;
const listed = (names: readonly string[]) => [...names.slice(0, MOST_NAMES), ...(names.length > MOST_NAMES ? ['…'] : [])].join(', ');
