// The pid file that a service writes itself.

import { parseObject } from '../protocol/registry-entry.js';
import { readWhole } from './whole-files.js';

/** `{"pid": 123}`, `123`, `"123"`; undefined for anything else, and when there is none. */
export function readServicePid(path: string): number | undefined {
  const text = readWhole(path)?.trim() ?? '';
  const given = parseObject(text)?.['pid'] ?? text.replace(/^"(.*)"$/, '$1');
  const pid = typeof given === 'number' ? given : /^\d{1,10}$/.test(String(given)) ? Number(given) : Number.NaN;
  return Number.isInteger(pid) && pid > 1 ? pid : undefined;
}
