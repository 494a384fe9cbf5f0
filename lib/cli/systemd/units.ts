// The unit files of one application, or of a supervisor. Pure.

import { ClusterError } from '../../errors.js';
import { assignmentText, commandLineText, plainValue } from './quoting.js';

export interface UnitFacts {
  /** Of the units, and of the folder of its state. */
  readonly name: string;
  /** What systemd starts: absolute. */
  readonly command: readonly string[];
  readonly folder: string;
  /** `services`: a supervisor of whatever programs there are, which need more than Node does. */
  readonly kind: 'application' | 'services';
  /** What else must be in sight. */
  readonly paths: readonly string[];
  readonly user: string | undefined;
  readonly group: string | undefined;
  /** Where node is found by whatever the application starts. */
  readonly path: string;
  /** As ListenStream= has it; undefined: it binds for itself. */
  readonly socket: string | undefined;
  readonly startMs: number;
  readonly stopMs: number;
  readonly lameDuckMs: number;
  /** A port below 1024 is bound without root. */
  readonly needsLowPort: boolean;
}

export interface Unit {
  readonly file: string;
  readonly text: string;
}

/** systemd is the last to lose its patience. */
const SLACK_MS = 5_000;

export function unitsOf(facts: UnitFacts): readonly Unit[] {
  const { name, socket } = facts;
  return [{ file: `${name}.service`, text: service(facts) }, ...(socket === undefined ? [] : [{ file: `${name}.socket`, text: socketUnit(facts, socket) }])];
}

function service(facts: UnitFacts): string {
  const { name, kind, command, folder, paths, user, group, path, socket, startMs, stopMs, lameDuckMs, needsLowPort } = facts;
  return unit({
    Unit: [
      ['Description', plain('The name', name)],
      ['After', socket === undefined ? 'network-online.target' : `network-online.target ${name}.socket`],
      ['Wants', 'network-online.target'],
      ...(socket === undefined ? [] : [['Requires', `${name}.socket`] as const]),
    ],
    Service: [
      ['Type', 'notify'],
      ['NotifyAccess', 'all'],
      ...(user === undefined ? [] : [['User', user] as const]),
      ...(group === undefined ? [] : [['Group', group] as const]),
      ['WorkingDirectory', plain('The folder', folder)],
      ['StateDirectory', name],
      ['StateDirectoryMode', '0700'],
      ['Environment', `APP_CLUSTER_HOME=%S/${name}`],
      ['Environment', assignmentText('PATH', path)],
      ['ExecStart', commandLineText(command)],
      ['ExecReload', '/bin/kill -HUP $MAINPID'],
      ['KillMode', 'mixed'],
      ['TimeoutStartSec', seconds(startMs + SLACK_MS)],
      ['TimeoutStopSec', seconds(stopMs + lameDuckMs + SLACK_MS)],
      ['Restart', 'always'],
      ['RestartSec', '1'],
      ['RestartPreventExitStatus', '64 78'],
      ['LimitNOFILE', '65536'],
      ...(needsLowPort ? [['AmbientCapabilities', 'CAP_NET_BIND_SERVICE'] as const] : []),
      ...hardening(kind, [...command.slice(0, 2), folder, ...paths]),
    ],
    Install: [['WantedBy', 'multi-user.target'], ...(socket === undefined ? [] : [['Also', `${name}.socket`] as const])],
  });
}

function socketUnit({ name }: UnitFacts, socket: string): string {
  return unit({
    Unit: [['Description', `Socket of ${plain('The name', name)}`]],
    Socket: [['ListenStream', socket], ['Backlog', '4096'], ...(socket.startsWith('/') ? [] : [['NoDelay', 'yes'] as const])],
    Install: [['WantedBy', 'sockets.target']],
  });
}

/**
 * What Node does not need. Not MemoryDenyWriteExecute: V8 compiles. Homes are out of sight, unless something of ours is in one. Services may be
 * any programs: they keep their sockets in /tmp, their kinds of sockets and their architecture.
 */
function hardening(kind: UnitFacts['kind'], paths: readonly string[]): Section {
  const isAtHome = paths.some(path => /^\/(?:home|root|run\/user)(?:\/|$)/.test(path));
  const isNodeAlone = kind === 'application';
  return [
    ['NoNewPrivileges', 'yes'],
    ...(isNodeAlone ? [['PrivateTmp', 'yes'] as const] : []),
    ['ProtectSystem', 'full'],
    ...(isAtHome ? [] : [['ProtectHome', 'yes'] as const]),
    ['ProtectKernelTunables', 'yes'],
    ['ProtectKernelModules', 'yes'],
    ['ProtectControlGroups', 'yes'],
    ...(isNodeAlone ? [['RestrictAddressFamilies', 'AF_UNIX AF_INET AF_INET6 AF_NETLINK'] as const] : []),
    ['RestrictSUIDSGID', 'yes'],
    ['RestrictRealtime', 'yes'],
    ['LockPersonality', 'yes'],
    ...(isNodeAlone ? [['SystemCallArchitectures', 'native'] as const] : []),
  ];
}

type Section = readonly (readonly [key: string, value: string])[];

function unit(sections: Readonly<Record<string, Section>>): string {
  return Object.entries(sections)
    .map(([title, lines]) => [`[${title}]`, ...lines.map(([key, value]) => `${key}=${value}`), ''].join('\n'))
    .join('\n');
}

const seconds = (ms: number) => String(Math.ceil(ms / 1_000));

function plain(what: string, text: string): string {
  const value = plainValue(text);
  if (value === undefined) throw new ClusterError('ERR_INVALID_ARGUMENTS', `${what} ${JSON.stringify(text)} cannot be written into a unit file.`);
  return value;
}
