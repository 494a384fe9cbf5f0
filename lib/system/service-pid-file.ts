// A pid file that a service writes by itself, in whatever form: {"pid": 1}, a number, or a number as text.

import { readWhole } from './whole-files.js';

/** More than any system gives. */
const LARGEST_PID = 2 ** 31 - 1;

/** Undefined when there is none, or none that could be one: 0 and less would be groups, and 1 is nobody's service. */
export const readServicePid = (path: string): number | undefined => parseServicePid(readWhole(path) ?? '');

export function parseServicePid(text: string): number | undefined {
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    return pidOf(typeof value === 'object' && value !== null && 'pid' in value ? value.pid : value);
  } catch {
    return undefined;
  }
}

function pidOf(value: unknown): number | undefined {
  const pid = typeof value === 'string' && /^\s*[1-9]\d*\s*$/.test(value) ? Number(value) : value;
  return typeof pid === 'number' && Number.isInteger(pid) && pid > 1 && pid <= LARGEST_PID ? pid : undefined;
}
