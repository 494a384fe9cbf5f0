// Small readings of option values. Pure.

import { ClusterError } from '../errors.js';

const MOST_WORKERS = 1_024;

export function list(value: string | readonly string[] | undefined): readonly string[] {
  return value === undefined ? [] : typeof value === 'string' ? [value] : value;
}

export function toNumber(value: string | number | undefined): number | undefined {
  return value === undefined ? undefined : Number(value);
}

/** Throws unless there may be so many app workers. */
export function checkSize(workers: number): void {
  if (Number.isInteger(workers) && workers >= 1 && workers <= MOST_WORKERS) return;
  throw new ClusterError('ERR_INVALID_OPTIONS', `resize: should be a whole number from 1 to ${MOST_WORKERS}, got ${String(workers)}`);
}
