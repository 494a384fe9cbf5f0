// Tokens of the control API on TCP: 256 bits each, in a file that only its owner can read.

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { writeWhole } from './whole-files.js';

const BYTES = 32;

export interface Tokens {
  readonly read: string;
  readonly operate: string;
}

/** Two lines: `operate TOKEN`, `read TOKEN`. New ones with every start. */
export function writeTokens(path: string): Tokens {
  const [operate, read] = [randomBytes(BYTES).toString('hex'), randomBytes(BYTES).toString('hex')];
  writeWhole(path, `operate ${operate}\nread ${read}\n`);
  return { operate, read };
}

/** In constant time, whatever the lengths: their hashes are compared. */
export function matchesToken(given: string, wanted: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(given), hash(wanted));
}
