// Every fact the runtime tells. Flat and serialisable; past tense. Observers turn them into log lines, notices and metrics.

import type { Cause, Status } from '../lifecycle/child-life.js';
import type { PublicStatus } from '../lifecycle/public-status.js';
import type { WornBy } from '../lifecycle/wear.js';
import type { Address, ListeningAddress, ProgramFacts } from './address.js';
import type { HangFacts } from './hang.js';
import type { RegisterEvent } from './register-events.js';
import type { ServiceEvent } from './service-events.js';
import type { LossAccount, WorkerVitals } from './snapshot.js';
import type { SpareEvent } from './spare-events.js';
import type { EnvironmentFacts, MemoryFacts, WorkersFacts } from './start-facts.js';

export type { Address, EnvironmentFacts, ListeningAddress, MemoryFacts, ProgramFacts, WorkersFacts };

export type Role = 'agent' | 'app';

export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
  /** Why there was no process at all, when the fork itself failed. */
  readonly error?: string | undefined;
  /** It was adopted: nobody is told how a process ended that is not his child. */
  readonly isUnknown?: boolean | undefined;
}

interface ChildFacts {
  /** Of a supervisor of many: whose process it is. */
  readonly service?: string | undefined;
  readonly role: Role;
  /** 1, 2, 3 … over the whole life of the master: what log lines call `app_worker#3`. */
  readonly id: number;
  readonly pid: number;
  readonly slot: number;
  readonly generation: number;
}

/** Where a start or a worker failed, in the child's own words. */
export interface LastWords {
  /** Newest last, 40 at most. */
  readonly lines: readonly string[];
  readonly error?: string | undefined;
}

export type ClusterEvent =
  | {
      readonly type: 'cluster-starting';
      /** Of the master. */
      readonly pid: number;
      readonly program: ProgramFacts;
      readonly options: unknown;
      readonly environment: EnvironmentFacts;
      readonly workers: WorkersFacts;
    }
  | {
      readonly type: 'cluster-started';
      readonly name: string;
      readonly address: Address;
      readonly tookMs: number;
      readonly isSticky: boolean;
      readonly debugPort?: number | undefined;
    }
  | {
      readonly type: 'cluster-start-failed';
      readonly role: Role | undefined;
      readonly id: number | undefined;
      readonly pid: number | undefined;
      readonly message: string;
      readonly exitCode: number;
    }
  | { readonly type: 'cluster-reloading' }
  | { readonly type: 'cluster-reloaded'; readonly tookMs: number; readonly losses: LossAccount }
  | { readonly type: 'reload-failed'; readonly message: string }
  | { readonly type: 'cluster-resized'; readonly workers: number }
  | { readonly type: 'cluster-stopping'; readonly signal: string | undefined; readonly budgetMs: number; readonly memory: MemoryFacts }
  | { readonly type: 'cluster-stop-hurried'; readonly signal: string; readonly leftMs: number }
  /** Readiness says no from now on, and everything is served. */
  | { readonly type: 'lame-duck-began'; readonly waitMs: number; readonly budgetMs: number }
  /** What is still under way, about once a second. */
  | { readonly type: 'cluster-draining'; readonly requests: number; readonly sockets: number; readonly leftMs: number }
  | {
      readonly type: 'cluster-stopped';
      readonly forced: readonly number[];
      readonly survived: readonly number[];
      /** Of a cluster whose start had come that far. */
      readonly losses?: LossAccount | undefined;
      /** Who they were, by pid. */
      readonly names?: Readonly<Record<string, string>> | undefined;
      readonly tookMs: number;
    }
  | { readonly type: 'cluster-lost'; readonly agents: number; readonly apps: number }
  | { readonly type: 'status-changed'; readonly status: PublicStatus }
  | { readonly type: 'master-left'; readonly code: number }
  | { readonly type: 'debugger-killed-worker' }
  /** By this one, after it had died. */
  | { readonly type: 'master-replaced'; readonly pid: number; readonly code: number | null; readonly signal: string | null }
  | { readonly type: 'keeper-lost'; readonly pid: number }
  | { readonly type: 'upgrade-started'; readonly pid: number }
  | { readonly type: 'upgrade-failed'; readonly message: string }
  /** Another master serves now; this one's workers drain. */
  | { readonly type: 'cluster-succeeded'; readonly pid: number }
  | ({
      readonly type: 'child-forked';
      readonly clusterPort: number | undefined;
      readonly debugPort: number | undefined;
      readonly pids: readonly string[];
      /** Its `pid` is a thread's id, and no process. */
      readonly isThread: boolean;
    } & ChildFacts)
  | ({ readonly type: 'child-moved'; readonly from: Status; readonly to: Status; readonly cause: Cause } & ChildFacts)
  | ({
      readonly type: 'child-started';
      readonly port: number | string | undefined;
      readonly address: ListeningAddress | undefined;
      readonly remaining: number;
      readonly tookMs: number;
      readonly isFirst: boolean;
    } & ChildFacts)
  | ({ readonly type: 'child-listening'; readonly address: ListeningAddress } & ChildFacts)
  | { readonly type: 'crew-stopping'; readonly role: Role; readonly waitMs: number }
  | ({ readonly type: 'child-disconnected'; readonly askedFor: boolean; readonly state: string; readonly pids: readonly string[] } & ChildFacts)
  | ({
      readonly type: 'child-left';
      readonly exit: Exit;
      readonly failed: boolean;
      readonly wasAsked: boolean;
      readonly wasKilled: boolean;
      readonly state: string;
      readonly isBoot: boolean;
      /** Killed at a breakpoint: nothing has gone wrong. */
      readonly byDebugger: boolean;
      /** It had hung, and where. */
      readonly hang?: HangFacts | undefined;
      /** Its own doing, of one that failed. */
      readonly failedBy?: Cause | undefined;
      /** It had been ready: it died at run time, not while starting. */
      readonly wasReady?: boolean | undefined;
      /** What `app-cluster kill` had sent it. */
      readonly operatorSignal?: string | undefined;
      /** Since it was forked. */
      readonly livedMs?: number | undefined;
      /** Of a SIGKILL that was not ours: whether the kernel's count says that it was short of memory. Undefined: nobody counts. */
      readonly isOutOfMemory?: boolean | undefined;
      readonly memoryLimitBytes?: number | undefined;
      /** What it had measured last. */
      readonly vitals?: WorkerVitals | undefined;
      /** Of one that failed: what it wrote last, as far as it could still say so. */
      readonly lastWords?: LastWords | undefined;
      readonly pids: readonly string[];
    } & ChildFacts)
  /** It is replaced, newcomer first. `value` and `limit` are bytes, requests or milliseconds. */
  | ({
      readonly type: 'child-worn';
      readonly by: WornBy;
      readonly value: number;
      /** As asked for. */
      readonly limit: number;
      /** Its own, up to a tenth below. */
      readonly threshold: number;
      readonly ageMs: number;
    } & ChildFacts)
  | ({ readonly type: 'child-lost' } & ChildFacts)
  /** Its event loop is silent. What is known of it is complete when it leaves. */
  | ({ readonly type: 'child-hung' } & ChildFacts & HangFacts)
  | ({ readonly type: 'child-recovered' } & ChildFacts)
  | ({ readonly type: 'child-errored'; readonly message: string } & ChildFacts)
  | {
      readonly type: 'backing-off';
      readonly service?: string | undefined;
      readonly role: Role;
      readonly slot: number;
      readonly waitMs: number;
      readonly failures: number;
    }
  | { readonly type: 'slot-left-empty'; readonly service?: string | undefined; readonly role: Role; readonly slot: number }
  /** Asked: exit code 78. Otherwise: too many failures in a row. */
  | { readonly type: 'slot-gave-up'; readonly service?: string | undefined; readonly role: Role; readonly slot: number; readonly isAsked: boolean }
  | SpareEvent
  | ServiceEvent
  | RegisterEvent
  | { readonly type: 'forker-said'; readonly level: 'info' | 'error'; readonly text: string }
  | { readonly type: 'message-dropped'; readonly from: string; readonly reason: string; readonly action?: string | undefined }
  | { readonly type: 'message-received'; readonly from: string; readonly action: string; readonly data: unknown }
  | { readonly type: 'address-in-use'; readonly address: string; readonly holder: string }
  | { readonly type: 'sockets-fell-back'; readonly reason: string }
  | { readonly type: 'port-changed'; readonly wanted: number; readonly got: number }
  | { readonly type: 'pid-file-kept'; readonly path: string; readonly reason: string }
  | { readonly type: 'option-suspected'; readonly key: string; readonly meant: string }
  | { readonly type: 'logger-died'; readonly waitMs: number }
  | { readonly type: 'logs-dropped'; readonly folder: string }
  | { readonly type: 'control-unavailable'; readonly reason: string }
  | { readonly type: 'admin-listening'; readonly address: string; readonly tokenFile: string }
  /** Said once: systemd waits for what it is not told. */
  | { readonly type: 'systemd-not-told'; readonly reason: string }
  | { readonly type: 'root-suspected' }
  | { readonly type: 'cluster-restarting' }
  | { readonly type: 'cluster-restarted'; readonly tookMs: number; readonly losses: LossAccount }
  /** Somebody changed something through the control API. */
  | { readonly type: 'operated'; readonly verb: string; readonly args: unknown; readonly by: string; readonly error?: string | undefined }
  | { readonly type: 'master-erred'; readonly message: string };

export type EventType = ClusterEvent['type'];
export type EventOf<T extends EventType> = Extract<ClusterEvent, { type: T }>;
export type Emit = (event: ClusterEvent) => void;
