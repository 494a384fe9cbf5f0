// A value as it may stand in an error message: what is secret is named, not shown.

import { isSecretName } from './visible-options.js';

const LONGEST = 200;

/** @param path where it stands, as `https.passphrase` */
export function show(value: unknown, path = ''): string {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return `an object of ${Object.keys(value).slice(0, 10).join(', ') || 'nothing'}`;
  if (isSecretName(path) || hasPem(value)) return `a secret (${typeof value})`;
  if (Array.isArray(value) && value.some(item => typeof item === 'object' && item !== null)) return `a list of ${value.length} objects`;
  if (typeof value === 'bigint' || typeof value === 'symbol') return String(value);
  return JSON.stringify(value)?.slice(0, LONGEST) ?? String(value);
}

function hasPem(value: unknown): boolean {
  return Array.isArray(value) ? value.some(hasPem) : typeof value === 'string' && value.includes('-----BEGIN');
}
