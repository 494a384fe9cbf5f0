// The logger's line to its master.

import type { FromLogger, ToLogger } from '../protocol/logger-words.js';

export function sayToMaster(word: FromLogger): void {
  if (!process.connected || !process.send) return;
  try {
    process.send(word, undefined, {}, () => {});
  } catch {} // Gone in this very moment.
}

export function onMasterWord(listener: (word: ToLogger, handle: unknown) => void): void {
  process.on('message', (word, handle) => listener(word as ToLogger, handle));
}

export function onMasterGone(listener: () => void): void {
  if (process.connected) process.once('disconnect', listener);
  else listener();
}
