// What commands print: lines for people, JSON for programs.

import { print } from '../system/last-resort.js';

export function sayLines(lines: readonly string[]): void {
  if (lines.length > 0) print(lines.join('\n'));
}

export const sayJson = (value: unknown): void => print(JSON.stringify(value, undefined, 2));
/** One of a stream. */
export const sayItem = (value: unknown): void => print(JSON.stringify(value));
