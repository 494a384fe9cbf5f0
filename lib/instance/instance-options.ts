// What an instance is besides its program: its name, its logs, its control address, the user its workers run as.

import { resolve } from 'node:path';
import type { LogOptions } from '../instance/open-recording.js';
import { type ClusterOptions, durationMs, type Issue, sizeBytes } from '../protocol/options.js';
import { type AdminAddress, parseAdminAddress } from '../system/admin-address.js';
import { findGroup, findUser, mayBecomeOthers, type User } from '../system/user-lookup.js';

const MAX_BYTES = 10 * 2 ** 20;
const KEEP = 20;
const TOTAL_BYTES = 200 * 2 ** 20;

export interface InstanceOptions {
  /** It was given, and not derived: another instance must not have it. */
  readonly isNameGiven: boolean;
  /** Undefined: nothing is recorded. */
  readonly logs: LogOptions | undefined;
  /** Where the control API is served besides its socket. */
  readonly admin: AdminAddress | undefined;
  /** Children run as this user. */
  readonly runAs: User | undefined;
}

/** startCluster leaves all but the name to whoever started its process. */
export function instanceOptions(options: ClusterOptions, flavour: 'call' | 'command', issues: Issue[]): InstanceOptions {
  const isNameGiven = options.name !== undefined;
  if (/\p{Cc}/u.test(options.name ?? '')) issues.push({ kind: 'usage', message: `--name: should be printable, got ${JSON.stringify(options.name)}` });
  if (flavour === 'call') return { isNameGiven, logs: undefined, admin: undefined, runAs: undefined };
  return { isNameGiven, logs: logsOf(options), admin: adminOf(options, issues), runAs: runAsOf(options, issues) };
}

function logsOf(options: ClusterOptions): LogOptions | undefined {
  if (options.logFiles === false) return undefined;
  const { logDir, logMaxSize, logMaxAge, logKeep, logTotalSize, logRecords, logJson } = options;
  return {
    folder: logDir === undefined ? undefined : resolve(logDir),
    maxBytes: logMaxSize === undefined ? MAX_BYTES : sizeBytes(logMaxSize),
    maxAgeMs: logMaxAge === undefined ? undefined : durationMs(logMaxAge),
    keep: Number(logKeep ?? KEEP),
    totalBytes: logTotalSize === undefined ? TOTAL_BYTES : sizeBytes(logTotalSize),
    records: logRecords === undefined ? undefined : Number(logRecords),
    isJson: logJson ?? false,
  };
}

function adminOf({ admin }: ClusterOptions, issues: Issue[]): AdminAddress | undefined {
  if (admin === undefined) return undefined;
  const parsed = parseAdminAddress(admin);
  if (parsed === undefined)
    issues.push({
      kind: 'usage',
      message: `--admin: should be a port, or an IP address and a port (127.0.0.1:9000, [::1]:9000), got ${JSON.stringify(admin)}`,
    });
  return parsed;
}

function runAsOf({ user, group }: ClusterOptions, issues: Issue[]): User | undefined {
  if (user === undefined && group === undefined) return undefined;
  const refuse = (message: string) => void issues.push({ kind: 'configuration', message });
  if (!mayBecomeOthers()) refuse('--user and --group: only root can run workers as somebody else. Start the command as root, or leave them out.');
  const found = user === undefined ? undefined : findUser(user);
  if (user !== undefined && found === undefined) refuse(`--user: there is no user ${JSON.stringify(user)}.`);
  const gid = group === undefined ? found?.gid : findGroup(group);
  if (group !== undefined && gid === undefined) refuse(`--group: there is no group ${JSON.stringify(group)}.`);
  if (user === undefined) refuse('--group needs --user: a group alone would leave the workers root.');
  return found === undefined || gid === undefined ? undefined : { uid: found.uid, gid, name: found.name, home: found.home };
}
