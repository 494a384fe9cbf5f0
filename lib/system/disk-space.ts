// Room left on the disk of a folder: logs and pid files need some.

import { statfs } from 'node:fs/promises';
import { messageOf } from '../errors.js';
import { type Finding, GIGABYTE, inBytes, MEGABYTE } from './finding.js';

const LITTLE_BYTES = GIGABYTE;
const TOO_LITTLE_BYTES = 100 * MEGABYTE;

export async function diskFinding(path: string): Promise<Finding> {
  try {
    const { bavail, bsize } = await statfs(path);
    return freeSpaceFinding(path, bavail * bsize);
  } catch (error) {
    const advice = `Make the folder ${path}, or let this user read it.`;
    return { topic: 'disk space', value: `unknown for ${path} (${messageOf(error)})`, level: 'advice', advice };
  }
}

/** @param freeBytes for this user: root may have a reserve beyond */
export function freeSpaceFinding(path: string, freeBytes: number): Finding {
  const found = { topic: 'disk space', value: `${inBytes(freeBytes)} free for ${path}` };
  if (freeBytes >= LITTLE_BYTES) return { ...found, level: 'ok' };
  const advice = `Make room on the disk of ${path}, or put logs and pid files elsewhere: a full disk stops both.`;
  return { ...found, level: freeBytes < TOO_LITTLE_BYTES ? 'problem' : 'advice', advice };
}
