// A value as it may stand in an error message.

import { messageOf } from '../errors.js';

export function show(value: unknown): string {
  try {
    return JSON.stringify(value)?.slice(0, 200) ?? String(value);
  } catch (error) {
    return messageOf(error);
  }
}
