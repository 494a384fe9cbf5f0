// What status looks like: for the handle, the command line, HTTP and metrics alike.

import type { Status } from '../lifecycle/child-life.js';
import type { PublicStatus } from '../lifecycle/public-status.js';
import type { Address, Exit, Role } from './events.js';
import type { RegistrationStatus } from './register-events.js';
import type { ServiceStatus } from './service-status.js';

export interface ChildSnapshot {
  readonly role: Role;
  readonly id: number;
  readonly pid: number;
  readonly slot: number;
  readonly generation: number;
  readonly status: Status;
}

export interface ClusterSnapshot {
  readonly name: string;
  readonly pid: number;
  readonly status: PublicStatus;
  readonly address: Address | undefined;
  /** How many app workers there should be. */
  readonly size: number;
  readonly agent: ChildSnapshot | undefined;
  readonly workers: readonly ChildSnapshot[];
  /** Booted, and waiting to take a place. */
  readonly spares: number;
  /** Messages that were dropped because they were malformed, forged or too many. */
  readonly droppedMessages: number;
  /** Since the start, as of the workers' last beats. */
  readonly losses: LossAccount;
}

/** What became of connections and requests, over all app workers, the dead included. */
export interface LossAccount {
  /** Connections accepted. */
  readonly accepted: number;
  /** Requests answered to the end. */
  readonly served: number;
  /** Connections of a worker that died, given to another before anything was read. */
  readonly rescued: number;
  /** Idle connections that went from a worker that drained to another. */
  readonly handedOver: number;
  /** Connections that were closed because nobody could take them. */
  readonly refused: number;
  /** Requests in flight in a worker that died or was ended by force. */
  readonly cut: number;
}

/** What a worker measures in itself. */
export interface WorkerVitals {
  /** Milliseconds since it was started, by its own monotonic clock: when this was measured. */
  readonly atMs: number;
  readonly rssBytes: number;
  readonly heapUsedBytes: number;
  /** Beyond it V8 gives up. */
  readonly heapLimitBytes?: number | undefined;
  /** Processor time so far. */
  readonly cpuMs: number;
  /** 0 … 1: how much of the time since the last report its event loop was busy. */
  readonly loopUtilization: number;
  /** 99th percentile of what the event loop came late since the last report; undefined until somebody has asked once. */
  readonly loopDelayMs?: number | undefined;
  readonly connections: number;
  /** Connections so far, not counting those adopted from a sibling. */
  readonly accepted: number;
  readonly adopted: number;
  /** Connections given to a sibling. */
  readonly handedOver: number;
  /** Requests so far. */
  readonly requests: number;
  /** Those that were answered to the end. */
  readonly answered: number;
  readonly inFlight: number;
}

export interface ProcessUsage {
  readonly rssBytes?: number | undefined;
  /** Of one CPU, since the last look; 200 are two CPUs. */
  readonly cpuPercent?: number | undefined;
}

/** Why the predecessor in a slot is gone. */
export interface LastExit extends Exit {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly pid: number;
  /** In words: `killed by SIGKILL from outside`, `uncaught TypeError: …`, `replaced: 523 MiB of at most 512 MiB`. */
  readonly reason: string;
}

export interface WorkerStatus extends ChildSnapshot, ProcessUsage {
  /** Of a supervisor: whose process it is. */
  readonly service?: string | undefined;
  /** Milliseconds since it was forked. */
  readonly ageMs: number;
  /** How often its slot had to be filled again. */
  readonly restarts: number;
  readonly lastExit?: LastExit | undefined;
  /** Milliseconds since it was heard last; undefined: never yet. */
  readonly lastBeatAgoMs?: number | undefined;
  readonly vitals?: WorkerVitals | undefined;
  readonly requestsPerSecond?: number | undefined;
}

/** Everything there is to know of one instance at this moment. */
export interface InstanceStatus {
  readonly name: string;
  readonly kind: 'cluster' | 'run' | 'supervisor';
  /** The one it is known by: the keeper's, where there is one. */
  readonly pid: number;
  readonly masterPid?: number | undefined;
  readonly status: PublicStatus;
  readonly address?: Address | undefined;
  readonly baseDir: string;
  /** What is run, and its version where it has one. */
  readonly program: string;
  readonly version: string;
  readonly node: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly uptimeMs: number;
  readonly size: number;
  readonly generation: number;
  readonly master: ProcessUsage;
  readonly agent?: WorkerStatus | undefined;
  readonly workers: readonly WorkerStatus[];
  /** Of a supervisor. */
  readonly services?: readonly ServiceStatus[] | undefined;
  /** Of a cluster: booted workers that wait to take a place. */
  readonly spares?: number | undefined;
  readonly reloads: number;
  readonly droppedMessages: number;
  /** Of a cluster. */
  readonly losses?: LossAccount | undefined;
  readonly logs: LogsStatus;
}

export interface LogsStatus {
  /** Undefined: nothing is recorded. */
  readonly folder?: string | undefined;
  /** Lines that could not be written, because the disk was full or nobody read them. */
  readonly droppedLines: number;
  /** How often the logger had to be started again. */
  readonly restarts: number;
}

/** Fact number `seq` of this master. */
export interface TimedEvent<E = unknown> {
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly event: E;
}

export interface HeartbeatStatus {
  readonly workers: readonly {
    readonly role: Role;
    readonly id: number;
    readonly slot: number;
    readonly pid: number;
    /** Milliseconds since 1970; undefined: never yet. */
    readonly lastBeatAt?: number | undefined;
    readonly lastBeatAgoMs?: number | undefined;
  }[];
  /** At service registries, where services are registered. */
  readonly registrations?: readonly RegistrationStatus[] | undefined;
}

export interface PortStatus {
  readonly port: number;
  readonly addresses: readonly string[];
  readonly holders: readonly PortHolder[];
  /** Every holder is proven to belong to an instance of app-cluster of this user. */
  readonly isOurs: boolean;
}

export interface PortHolder {
  readonly pid: number;
  readonly command: string;
  /** Undefined: a foreign process. */
  readonly instance?: string | undefined;
  /** `SUP/SVC`, where it is of a supervisor's service. */
  readonly service?: string | undefined;
}

/** What came of a reload, a restart, a scaling. */
export interface Account {
  readonly tookMs: number;
  readonly workers: readonly number[];
  readonly generation: number;
  /** What was served and lost meanwhile. */
  readonly losses?: LossAccount | undefined;
}

export interface UpgradeAccount {
  readonly tookMs: number;
  /** Of the new master. */
  readonly masterPid: number;
  /** What became of what the old one's workers had. */
  readonly losses: LossAccount;
}

export interface StopAccount {
  readonly tookMs: number;
  /** What was served and lost meanwhile. */
  readonly losses?: LossAccount | undefined;
  /** Pids that had to be killed. */
  readonly forced: readonly number[];
  /** Pids that could not be. */
  readonly survived: readonly number[];
  /** Of a supervisor: what could not be ended, in words. */
  readonly remains?: readonly string[] | undefined;
  /** Who they were, by pid: `app_worker#3`, or the command of what a worker left behind. */
  readonly names?: Readonly<Record<string, string>> | undefined;
}
