// A key that a service keeps in its own .env. It is handed to who asks for it, and never logged.

import { parseEnvironmentFile } from './project-files.js';
import { readTextWithin } from './whole-files.js';

const MOST_BYTES = 2 ** 20;

/** Null when the file, the variable or its value is missing. */
export function readApiKey({ file, variable }: { readonly file: string; readonly variable: string }): string | null {
  const text = readTextWithin(file, MOST_BYTES);
  const values = text === undefined ? {} : parseEnvironmentFile(text.replace(/^\uFEFF/, ''));
  return (Object.hasOwn(values, variable) && values[variable]) || null;
}
