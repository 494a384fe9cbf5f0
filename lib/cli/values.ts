// Values on the command line, checked.

import { ClusterError } from '../errors.js';

/** Throws ERR_INVALID_ARGUMENTS. */
export function wholeNumber(what: string, text: string | undefined, from: number, to: number): number {
  const value = /^\d{1,10}$/.test(text ?? '') ? Number(text) : Number.NaN;
  if (value >= from && value <= to) return value;
  throw new ClusterError('ERR_INVALID_ARGUMENTS', `${what}: should be a whole number from ${from} to ${to}, got ${JSON.stringify(text ?? '')}`);
}
