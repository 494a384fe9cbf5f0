// Folders that nobody else may look into or plant things in: where sockets, locks, logs and state live.

import { lstatSync, mkdirSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { ClusterError, messageOf } from '../errors.js';
import { variable } from './environment.js';

/** What others may do with it: nothing. */
const OTHERS = 0o077;

const home = () => {
  const path = variable('APP_CLUSTER_HOME');
  return path === undefined ? undefined : resolve(path);
};
/** Relative ones are to be ignored (XDG Base Directory Specification). */
const xdg = (name: string) => {
  const path = variable(name);
  return path !== undefined && isAbsolute(path) ? path : undefined;
};
const userHome = () => homedir() || tmpdir();

/** Sockets, locks and the registry: gone after a reboot, and no loss. */
export function runRoot(): string {
  const own = home();
  if (own !== undefined) return join(own, 'run');
  const runtime = xdg('XDG_RUNTIME_DIR');
  return runtime === undefined ? join(userHome(), '.app-cluster', 'run') : join(runtime, 'app-cluster');
}

/** Logs and journals: survive a reboot. */
export function stateRoot(): string {
  const own = home();
  return own === undefined ? join(xdg('XDG_STATE_HOME') ?? join(userHome(), '.local', 'state'), 'app-cluster') : join(own, 'state');
}

/** Makes it if need be (0700). Throws ERR_UNSAFE_FOLDER when it is a link, somebody else's, or open to others. */
export function privateFolder(path: string): string {
  try {
    makeFolder(path);
  } catch (cause) {
    throw unsafe(path, `cannot be made (${messageOf(cause)})`, cause);
  }
  refuseUnsafe(path);
  return path;
}

function refuseUnsafe(path: string): void {
  const facts = lstatSync(path);
  if (facts.isSymbolicLink()) throw unsafe(path, 'is a symbolic link');
  if (!facts.isDirectory()) throw unsafe(path, 'is not a folder');
  if (process.getuid === undefined) return; // Windows: no modes, the profile's own protection.
  if (facts.uid !== process.getuid()) throw unsafe(path, `belongs to user ${facts.uid}, not to ${process.getuid()}`);
  if ((facts.mode & OTHERS) !== 0) throw unsafe(path, `is open to others (mode ${(facts.mode & 0o777).toString(8)}): chmod 700 it`);
}

/** Undefined when all is well or it is not there yet: for those who only look. */
export function whyUnsafe(path: string): string | undefined {
  try {
    refuseUnsafe(path);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? undefined : error instanceof ClusterError ? error.message : `The folder ${path} cannot be looked into (${code}).`;
  }
}

/** Not mkdir's `recursive`, which never ends where the system refuses with ENOENT (/proc). */
function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || dirname(path) === path || path.startsWith('/proc/')) throw error;
    makeFolder(dirname(path));
    mkdirSync(path, { mode: 0o700 });
  }
}

function unsafe(path: string, why: string, cause?: unknown): ClusterError {
  const message = `The folder ${path} ${why}. It holds sockets, locks and logs that only you may touch: set APP_CLUSTER_HOME to another folder, or mend this one.`;
  return new ClusterError('ERR_UNSAFE_FOLDER', message, { details: { path }, ...(cause === undefined ? {} : { cause }) });
}
