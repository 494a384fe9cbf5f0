// Numbers as people read them, wherever a fact is told in words.

import type { EventOf } from './events.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** To the second: `850 ms`, `12 s`, `3 m 12 s`, `3 h 20 m`, `12 d 3 h`. */
export function spanText(ms: number): string {
  if (ms < SECOND) return `${Math.round(ms)} ms`;
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s`;
  if (ms < HOUR) return two(ms, MINUTE, 'm', SECOND, 's');
  return ms < DAY ? two(ms, HOUR, 'h', MINUTE, 'm') : two(ms, DAY, 'd', HOUR, 'h');
}

function two(ms: number, unit: number, name: string, smaller: number, smallerName: string): string {
  const rest = Math.floor((ms % unit) / smaller);
  return `${Math.floor(ms / unit)} ${name}${rest === 0 ? '' : ` ${rest} ${smallerName}`}`;
}

/** `512 MiB`, `1.5 GiB`. */
export function sizeText(bytes: number): string {
  const mebibytes = bytes / 2 ** 20;
  if (mebibytes < 1) return `${Math.round(bytes / 2 ** 10)} KiB`;
  return mebibytes < 1_024 ? `${Math.round(mebibytes)} MiB` : `${(mebibytes / 1_024).toFixed(1).replace(/\.0$/, '')} GiB`;
}

const WEAR = {
  memory: sizeText,
  requests: (count: number) => `${count} requests`,
  age: spanText,
} as const;

/** `523 MiB of at most 512 MiB`. */
export function wearText({ by, value, limit }: Pick<EventOf<'child-worn'>, 'by' | 'value' | 'limit'>): string {
  return `${WEAR[by](value)} of at most ${WEAR[by](limit)}`;
}
