// Tokens of the control API on TCP: 256 bits each, in a file that only its owner can read.

import { requirePackage } from './require-package.js';
import { readWhole, writeWhole } from './whole-files.js';

const BYTES = 32;
/** Not loaded by those who have no tokens. */
const crypto = () => requirePackage<typeof import('node:crypto')>('node:crypto');

export interface Tokens {
  readonly read: string;
  readonly operate: string;
}

/** New ones with every start. */
export function newTokens(): Tokens {
  const token = () => crypto().randomBytes(BYTES).toString('hex');
  return { operate: token(), read: token() };
}

/** Two lines: `operate TOKEN`, `read TOKEN`. */
export function writeTokens(path: string, { operate, read }: Tokens): void {
  writeWhole(path, `operate ${operate}\nread ${read}\n`);
}

/** Undefined when there are none, or the file is something else. */
export function readTokens(path: string): Tokens | undefined {
  const [, operate, read] = /^operate ([\da-f]{64})\nread ([\da-f]{64})\n$/.exec(readWhole(path) ?? '') ?? [];
  return operate === undefined || read === undefined ? undefined : { operate, read };
}

/** In constant time, whatever the lengths: their hashes are compared. */
export function matchesToken(given: string, wanted: string): boolean {
  const hash = (text: string) => crypto().createHash('sha256').update(text).digest();
  return crypto().timingSafeEqual(hash(given), hash(wanted));
}
