// What `doctor` says about one topic, and how quantities are written there.

export interface Finding {
  readonly topic: string;
  readonly value: string;
  readonly level: 'ok' | 'advice' | 'problem';
  /** What to do about it. */
  readonly advice?: string;
}

export const MEGABYTE = 1024 ** 2;
export const GIGABYTE = 1024 ** 3;

export function inBytes(bytes: number): string {
  return bytes < GIGABYTE ? `${Math.floor(bytes / MEGABYTE)} MB` : `${(bytes / GIGABYTE).toFixed(1)} GB`;
}

/** For files of one number; undefined when missing or something else. */
export function parseCount(text: string | undefined): number | undefined {
  const digits = text?.trim() ?? '';
  return /^\d+$/.test(digits) ? Number(digits) : undefined;
}
