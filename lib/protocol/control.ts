// The verbs of a running instance: one table, from which routes, client, command line, OpenAPI document and docs are made.

import type { Arguments } from './control.schema.js';
import type { ClusterEvent } from './events.js';
import type { LogLine } from './log-line.js';
import type { PlannedChange, ServiceStartAccount, ServiceStatus, ServiceStopAccount, UpAccount } from './service-status.js';
import type { Account, HeartbeatStatus, InstanceStatus, PortStatus, StopAccount, TimedEvent, UpgradeAccount } from './snapshot.js';

/** `read` looks, `operate` changes: who may operate may read. */
export type Access = 'read' | 'operate';

export interface Verb {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly access: Access;
  /** The answer is a stream of server-sent events. */
  readonly isStream?: boolean;
  readonly summary: string;
}

export const VERBS = {
  status: { method: 'GET', path: '/api/status', access: 'read', summary: 'Workers, generation, ages, restarts and why, memory, CPU, event loop, requests' },
  heartbeat: { method: 'GET', path: '/api/heartbeat/status', access: 'read', summary: 'When each worker was heard last' },
  ports: { method: 'GET', path: '/api/ports/status', access: 'read', summary: 'The ports this instance listens on, and who holds them' },
  why: { method: 'GET', path: '/api/why', access: 'read', summary: 'What happened, oldest first: starts, exits, reloads, changes of the options' },
  events: { method: 'GET', path: '/api/events', access: 'read', isStream: true, summary: 'Everything the runtime tells, as it happens' },
  logs: { method: 'GET', path: '/api/logs', access: 'read', isStream: true, summary: 'What master, agent and workers wrote' },
  reload: { method: 'POST', path: '/api/reload', access: 'operate', summary: 'Replace every app worker, newcomer first, without losing a request' },
  restart: { method: 'POST', path: '/api/restart', access: 'operate', summary: 'Stop all workers, then start them; connections wait meanwhile' },
  scale: { method: 'POST', path: '/api/scale', access: 'operate', summary: 'Set the number of app workers' },
  upgrade: {
    method: 'POST',
    path: '/api/upgrade',
    access: 'operate',
    summary: 'Start a new master from what is installed now, on the same sockets; the old one drains',
  },
  stop: { method: 'POST', path: '/api/stop', access: 'operate', summary: 'Finish what was accepted, then end' },
  kill: { method: 'POST', path: '/api/kill', access: 'operate', summary: 'Send a worker a signal, SIGKILL by default; it is replaced' },
  flushLogs: { method: 'POST', path: '/api/logs/flush', access: 'operate', summary: 'Drop everything that was recorded' },
  reopenLogs: { method: 'POST', path: '/api/logs/reopen', access: 'operate', summary: 'Open the log file anew, after logrotate has renamed it' },
  killPort: { method: 'POST', path: '/api/ports/:port/kill', access: 'operate', summary: 'End who listens on a port, if it is proven ours' },
  services: { method: 'GET', path: '/api/services', access: 'read', summary: 'The services of a supervisor: state, wish, port, health, restarts and why' },
  plan: { method: 'GET', path: '/api/plan', access: 'read', summary: 'What `up` would change: the services file, compared with what runs' },
  up: { method: 'POST', path: '/api/up', access: 'operate', summary: 'Read the services file again and do the difference; start what is wanted up' },
  startService: { method: 'POST', path: '/api/services/:service/start', access: 'operate', summary: 'Start a service, and want it up from now on' },
  stopService: { method: 'POST', path: '/api/services/:service/stop', access: 'operate', summary: 'Stop a service, and want it down from now on' },
  restartService: { method: 'POST', path: '/api/services/:service/restart', access: 'operate', summary: 'Stop a service, and start it again' },
  attach: {
    method: 'GET',
    path: '/api/services/:service/attach',
    access: 'operate',
    isStream: true,
    summary: 'The one control channel of a service: its facts, for as long as it is held',
  },
} as const satisfies Record<keyof Arguments, Verb>;

export type VerbName = keyof typeof VERBS;
export type { Arguments };

/** What each verb answers; of a stream: one item. */
export interface Results {
  readonly status: InstanceStatus;
  readonly heartbeat: HeartbeatStatus;
  readonly ports: readonly PortStatus[];
  readonly why: readonly TimedEvent<ClusterEvent>[];
  readonly events: TimedEvent<ClusterEvent>;
  readonly logs: LogLine;
  readonly reload: Account;
  readonly restart: Account;
  readonly scale: Account;
  readonly upgrade: UpgradeAccount;
  readonly stop: StopAccount;
  readonly kill: { readonly pid: number };
  readonly flushLogs: { readonly files: number };
  readonly reopenLogs: { readonly file: string };
  readonly killPort: { readonly killed: readonly number[] };
  readonly services: readonly ServiceStatus[];
  readonly plan: readonly PlannedChange[];
  readonly up: UpAccount;
  readonly startService: ServiceStartAccount;
  readonly stopService: ServiceStopAccount;
  readonly restartService: ServiceStartAccount;
  readonly attach: TimedEvent<ClusterEvent>;
}

export type StreamVerb = { [V in VerbName]: (typeof VERBS)[V] extends { isStream: true } ? V : never }[VerbName];
export type CallVerb = Exclude<VerbName, StreamVerb>;

/** What an instance can be asked, whoever asks: implemented by its process, spoken by the client. */
export type Surface = {
  readonly [V in CallVerb]: (args: Arguments[V]) => Promise<Results[V]>;
} & {
  /** The stream ends when `signal` aborts. */
  readonly [V in StreamVerb]: (args: Arguments[V], signal: AbortSignal) => AsyncIterable<Results[V]>;
};

/** Own verbs only: `__proto__` and `constructor` are none. */
export function isVerb(name: string): name is VerbName {
  return Object.hasOwn(VERBS, name);
}

export const VERB_NAMES = Object.keys(VERBS) as readonly VerbName[];

/** Texts of a query, as the types the schema wants: `follow=true` → true, `last=5` → 5. What does not fit stays, and is refused. */
export function fromQuery(query: Readonly<Record<string, string>>, properties: Readonly<Record<string, { readonly type?: string }>>): Record<string, unknown> {
  const convert = (key: string, text: string): unknown => {
    const type = Object.hasOwn(properties, key) ? properties[key]?.type : undefined;
    if (type === 'integer' && /^\d{1,15}$/.test(text)) return Number(text);
    if (type === 'boolean' && /^(?:true|false|1|0|)$/.test(text)) return text === 'true' || text === '1' || text === '';
    return text;
  };
  return Object.fromEntries(Object.entries(query).map(([key, text]) => [key, convert(key, text)]));
}

/** Not from another machine, whatever its token: they name programs to be run. */
export const LOCAL_ARGUMENTS: Readonly<Partial<Record<VerbName, readonly string[]>>> = { upgrade: ['node'] };

/** Largest body of a request. */
export const MOST_BODY_BYTES = 2 ** 20;
