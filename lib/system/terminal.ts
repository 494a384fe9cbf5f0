// The user's terminal: what may be written to it and how, its size, its keys.

import { emitKeypressEvents } from 'node:readline';
import { styleText } from 'node:util';
import { variable } from './environment.js';

export type Style = Parameters<typeof styleText>[0];

/** NO_COLOR and FORCE_COLOR as their users expect (no-color.org): Node 20 looks at neither. */
export function hasColours(): boolean {
  if (variable('NO_COLOR') !== undefined) return false;
  return variable('FORCE_COLOR') !== undefined || (process.stdout.isTTY && variable('TERM') !== 'dumb');
}

export function styled(style: Style, text: string): string {
  return hasColours() ? styleText(style, text, ...([{ validateStream: false }] as never[])) : text;
}

/** Somebody sees what is printed, as it comes. */
export const isTerminal = (): boolean => process.stdout.isTTY;
export const isInteractive = (): boolean => process.stdout.isTTY && process.stdin.isTTY;
/** What is read by a program is not cut. */
export const columns = (): number => (process.stdout.isTTY ? process.stdout.columns : Number.MAX_SAFE_INTEGER);
export const rows = (): number => process.stdout.rows ?? 40;

export function write(text: string): void {
  process.stdout.write(text);
}

/** `head` has seen enough: that is no error, and the end. */
export function endOnClosedOutput(onClosed: () => void): void {
  process.stdout.on('error', onClosed);
}

export function onResize(listener: () => void): () => void {
  process.stdout.on('resize', listener);
  return () => process.stdout.off('resize', listener);
}

export interface Key {
  readonly name?: string | undefined;
  readonly sequence?: string | undefined;
  readonly ctrl?: boolean | undefined;
}

/** Keys one by one, unechoed. Returns how to give the terminal back. */
export function onKeys(listener: (key: Key) => void): () => void {
  const { stdin } = process;
  const hear = (_text: unknown, key: Key) => listener(key);
  emitKeypressEvents(stdin);
  stdin.setRawMode?.(true);
  stdin.on('keypress', hear).resume();
  return () => {
    stdin.off('keypress', hear).pause();
    stdin.setRawMode?.(false);
  };
}
