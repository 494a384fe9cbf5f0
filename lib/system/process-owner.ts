// Whose a process is.

import { readText } from './proc-files.js';
import { findUser } from './user-lookup.js';

/** Name, else number, of its real user; undefined when it is gone or the system does not tell. */
export function ownerOf(pid: number): string | undefined {
  const uid = /^Uid:\s+(\d+)/m.exec(readText(`/proc/${pid}/status`) ?? '')?.[1];
  return uid === undefined ? undefined : findUser(uid)?.name || uid;
}
