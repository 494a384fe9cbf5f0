// Values of a PM2 ecosystem file, read with care: it may hold anything.

import { shellWords } from './shell-words.js';

const LONGEST_SHOWN = 80;
const LONGEST_MS = 2 ** 31 - 1;
const UNITS_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };

/** A value, or what it should be. */
export type Read<T> = { readonly value: T } | { readonly should: string };

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function shown(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (isRecord(value)) return `an object of ${Object.keys(value).slice(0, 5).join(', ') || 'nothing'}`;
  return (typeof value === 'string' ? JSON.stringify(value) : typeof value === 'function' ? 'a function' : String(value)).slice(0, LONGEST_SHOWN);
}

/** For comparing: empty for lists and objects, whose String() may throw ({ "toString": 1 }). */
export function textOf(value: unknown): string {
  return typeof value === 'object' || typeof value === 'function' ? '' : String(value);
}

/** Anything with a character in it: the options refuse empty texts. */
export function readText(value: unknown): Read<string> {
  const text = typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && /./u.test(text) ? { value: text } : { should: 'a text' };
}

/** A list, or one text that is split as a shell would. */
export function readWords(value: unknown): Read<readonly string[]> {
  const words = typeof value === 'string' ? shellWords(value) : value;
  if (words === undefined) return { should: 'a list, or a text in which every quote is closed' };
  const list = Array.isArray(words) ? words : [words];
  const isWord = (word: unknown) => typeof word === 'string' || typeof word === 'number' || typeof word === 'boolean';
  return list.every(isWord) ? { value: list.map(String) } : { should: 'a text or a list of texts' };
}

/** PM2 counts in milliseconds, and takes 10s, 5m and 1h as well. */
export function readDuration(value: unknown): Read<string> {
  const [, number, unit = ''] = /^(\d+)([smh]?)$/.exec(textOf(value)) ?? [];
  const ms = Math.round(Number(number) * (UNITS_MS[unit] ?? 1));
  return ms <= LONGEST_MS ? { value: `${ms}ms` } : { should: 'a number of milliseconds' };
}

/** PM2 counts in bytes, and takes 300K, 300M and 1G as well. */
export function readSize(value: unknown): Read<string> {
  const text = textOf(value);
  return /^[1-9]\d{0,14}[KMG]?$/.test(text) ? { value: text } : { should: 'a size, as 300M' };
}

export function readPort(value: unknown): Read<number> {
  const port = /^\d+$/.test(textOf(value)) ? Number(textOf(value)) : Number.NaN;
  return port <= 65_535 ? { value: port } : { should: 'a port from 0 to 65535' };
}

/** PM2 writes objects as JSON. */
export function readVariable(value: unknown): Read<string> {
  const should = 'a text, a number, true or false';
  if (typeof value === 'function' || typeof value === 'symbol') return { should };
  if (typeof value !== 'object') return { value: String(value) };
  try {
    return { value: JSON.stringify(value) };
  } catch {
    return { should };
  }
}
