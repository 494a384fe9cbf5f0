// Columns that line up, cut where the terminal ends.

import { columns, styled } from '../../system/terminal.js';

const GAP = '  ';
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
const STYLES = /\x1b\[[\d;]*m/g;

export interface Column<T> {
  readonly title: string;
  readonly of: (row: T) => string;
  readonly isNumber?: boolean;
}

/** One line for the titles, one for each row. */
export function table<T>(rows: readonly T[], shape: readonly Column<T>[], width: number = columns()): string[] {
  const cells = rows.map(row => shape.map(({ of }) => of(row)));
  const widths = shape.map(({ title }, index) => Math.max(title.length, ...cells.map(line => widthOf(line[index] ?? ''))));
  const lineOf = (line: readonly string[]) =>
    line
      .map((cell, index) => padded(cell, widths[index] ?? 0, shape[index]?.isNumber ?? false))
      .join(GAP)
      .trimEnd();
  const titles = styled('bold', cut(lineOf(shape.map(({ title }) => title)), width));
  return [titles, ...cells.map(line => cut(lineOf(line), width))];
}

/** What is seen, without escape sequences. */
export const widthOf = (text: string): number => [...text.replaceAll(STYLES, '')].length;

function padded(cell: string, width: number, isNumber: boolean): string {
  const blanks = ' '.repeat(Math.max(0, width - widthOf(cell)));
  return isNumber ? blanks + cell : cell + blanks;
}

/** Styles are dropped from a line that is too long: cutting one in half would colour the rest. */
export function cut(line: string, width: number): string {
  if (widthOf(line) <= width) return line;
  return `${[...line.replaceAll(STYLES, '')].slice(0, Math.max(0, width - 1)).join('')}…`;
}
