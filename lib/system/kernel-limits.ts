// Limits of the kernel that a busy server meets: open files and waiting connections. A file that is missing gives no finding.

import { type Finding, parseCount } from './finding.js';
import type { ReadText } from './proc-files.js';

const FEW_FILES = 1_024;
const ENOUGH_FILES = 65_536;
const ENOUGH_WAITING = 1_024;
/** What `listen` of Node asks for. */
const NODE_BACKLOG = 511;

export interface FileLimit {
  /** Infinity for unlimited. */
  readonly soft: number;
  readonly hard: number;
}

/** Of /proc/self/limits (proc_pid_limits(5)): name, soft limit, hard limit, unit. */
export function parseOpenFiles(text: string): FileLimit | undefined {
  const [, soft, hard] = /^Max open files\s+(\d+|unlimited)\s+(\d+|unlimited)\b/m.exec(text) ?? [];
  return soft === undefined || hard === undefined ? undefined : { soft: limitOf(soft), hard: limitOf(hard) };
}

const limitOf = (text: string): number => (text === 'unlimited' ? Number.POSITIVE_INFINITY : Number(text));
const inWords = (limit: number): string => (limit === Number.POSITIVE_INFINITY ? 'unlimited' : String(limit));

/** Node raises its soft limit to the hard one when it starts, and children inherit that: what has to be raised is the hard one. */
export function openFilesFinding({ soft, hard }: FileLimit): Finding {
  const found = { topic: 'open files', value: `soft ${inWords(soft)}, hard ${inWords(hard)}` };
  if (soft >= ENOUGH_FILES) return { ...found, level: 'ok' };
  const how = `LimitNOFILE=${ENOUGH_FILES} in the systemd unit, --ulimit nofile=${ENOUGH_FILES} for a container, or ulimit -n ${ENOUGH_FILES} in the shell`;
  const advice = `Every connection takes one file, two when it is proxied. Raise the limit: ${how} (above the hard limit as root only).`;
  return { ...found, level: soft < FEW_FILES ? 'problem' : 'advice', advice };
}

export function backlogFinding(most: number): Finding {
  const found = { topic: 'listen backlog', value: `the kernel allows ${most} waiting connections, Node asks for ${NODE_BACKLOG} by default` };
  if (most >= ENOUGH_WAITING) return { ...found, level: 'ok' };
  const advice = `Connections beyond are dropped in a burst. Set sysctl net.core.somaxconn=4096, and give listen a backlog above ${NODE_BACKLOG}.`;
  return { ...found, level: 'advice', advice };
}

/** Since Linux 5.14 (kernel: Documentation/networking/ip-sysctl.rst). Only matters for sockets with reusePort. */
export function migrationFinding(setting: number): Finding {
  const value = setting === 0 ? 'off: what waits at a closing reusePort socket is reset' : 'on: what waits at a closing reusePort socket is passed on';
  return { topic: 'tcp_migrate_req', value, level: 'ok' };
}

export function kernelFindings(read: ReadText): readonly Finding[] {
  const files = parseOpenFiles(read('/proc/self/limits') ?? '');
  const most = parseCount(read('/proc/sys/net/core/somaxconn'));
  const migration = parseCount(read('/proc/sys/net/ipv4/tcp_migrate_req'));
  return [
    ...(files === undefined ? [] : [openFilesFinding(files)]),
    ...(most === undefined ? [] : [backlogFinding(most)]),
    ...(migration === undefined ? [] : [migrationFinding(migration)]),
  ];
}
