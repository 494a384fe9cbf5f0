// User and group names → numbers, through `getent`, which asks whatever the system asks (files, LDAP …), else from the files.

import { execFileSync } from 'node:child_process';
import { readText } from './proc-files.js';

const LIMIT_MS = 5_000;

export interface User {
  readonly uid: number;
  readonly gid: number;
  /** Empty for a number that nobody has. */
  readonly name: string;
  readonly home: string;
}

/** Undefined when there is no such user. A number that is nobody's stands for itself. */
export function findUser(name: string): User | undefined {
  const [found, , uid, gid, , home = '/'] = row('passwd', name) ?? [];
  if (found !== undefined && isNumber(uid) && isNumber(gid)) return { uid: Number(uid), gid: Number(gid), name: found, home };
  return isNumber(name) ? { uid: Number(name), gid: Number(name), name: '', home: '/' } : undefined;
}

export function findGroup(name: string): number | undefined {
  const gid = row('group', name)?.[2];
  return isNumber(gid) ? Number(gid) : isNumber(name) ? Number(name) : undefined;
}

/** Only root may become somebody else. */
export function mayBecomeOthers(): boolean {
  return process.getuid?.() === 0;
}

const isNumber = (text: string | undefined): text is string => text !== undefined && /^\d{1,10}$/.test(text);

/** passwd(5), group(5): fields between colons; the name comes first, the number third. */
function row(database: 'passwd' | 'group', name: string): readonly string[] | undefined {
  const text = run('getent', [database, '--', name]) ?? readText(`/etc/${database}`) ?? '';
  return text
    .split('\n')
    .map(line => line.trim().split(':'))
    .find(fields => fields[0] === name || fields[2] === name);
}

function run(file: string, args: readonly string[]): string | undefined {
  try {
    return execFileSync(file, args, { encoding: 'utf8', timeout: LIMIT_MS, stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return undefined;
  }
}
