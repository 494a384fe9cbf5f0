// The loss account in words, for the log.

import type { LossAccount } from '../protocol/snapshot.js';

/** Always what was served and what was lost; the rest only where there was any. */
export function lossText({ served, cut, handedOver, rescued, refused }: LossAccount): string {
  const some = (count: number, what: string) => (count > 0 ? [`${count} connection${count === 1 ? '' : 's'} ${what}`] : []);
  const rest = [...some(handedOver, 'handed over'), ...some(rescued, 'rescued'), ...some(refused, 'closed')];
  return [`${served} request${served === 1 ? '' : 's'} served`, `${cut} lost`, ...rest].join(', ');
}
