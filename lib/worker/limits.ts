// A worker beats every few seconds; at a limit it beats at once, so that it is replaced in time under load too.

import type { MasterWord } from '../protocol/words.js';
import { type Cancel, repeatUnref } from '../system/clock.js';
import { usedMemory } from '../system/memory.js';
import { say } from '../system/uplink.js';
import type { Vitals } from '../system/vitals.js';

/** Memory, and requests over HTTP/2, are looked at as often. */
const LOOK_MS = 1_000;

let cancel: Cancel = () => {};

/** New limits replace the ones before. */
export function watchLimits({ requests, memoryBytes }: Extract<MasterWord, { act: 'limits' }>, vitals: Vitals): void {
  const beat = () => say({ act: 'beat', vitals: vitals.measure(false) });
  const isUsedUp = () => requests !== undefined && vitals.requests >= requests;
  let wasTold = false;
  const tellOnce = () => {
    if (wasTold || !isUsedUp()) return;
    wasTold = true;
    beat();
  };
  cancel();
  vitals.onRequest = tellOnce;
  cancel = repeatUnref(LOOK_MS, () => {
    tellOnce();
    if (memoryBytes !== undefined && usedMemory() > memoryBytes) beat(); // Again and again: it may have shrunk when its turn comes.
  });
  tellOnce();
}
