// Tokens of the control API on TCP: 256 bits each, in a file that only its owner can read.

import { requirePackage } from './require-package.js';
import { writeWhole } from './whole-files.js';

const BYTES = 32;
/** Not loaded by those who have no tokens. */
const crypto = () => requirePackage<typeof import('node:crypto')>('node:crypto');

export interface Tokens {
  readonly read: string;
  readonly operate: string;
}

/** Two lines: `operate TOKEN`, `read TOKEN`. New ones with every start. */
export function writeTokens(path: string): Tokens {
  const token = () => crypto().randomBytes(BYTES).toString('hex');
  const [operate, read] = [token(), token()];
  writeWhole(path, `operate ${operate}\nread ${read}\n`);
  return { operate, read };
}

/** In constant time, whatever the lengths: their hashes are compared. */
export function matchesToken(given: string, wanted: string): boolean {
  const hash = (text: string) => crypto().createHash('sha256').update(text).digest();
  return crypto().timingSafeEqual(hash(given), hash(wanted));
}
