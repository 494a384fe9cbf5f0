// What a supervisor of many services tells, beside what is told of their processes.

import type { RegisterEvent } from './register-events.js';
import type { Desired } from './service-spec.js';

export type ServiceEvent =
  | {
      readonly type: 'supervisor-starting';
      readonly pid: number;
      readonly file: string | undefined;
      readonly services: number;
      readonly version: string;
      readonly node: string;
    }
  | { readonly type: 'supervisor-started'; readonly name: string; readonly tookMs: number; readonly running: number; readonly failed: readonly string[] }
  /** One step of a shutdown, and what it ended. */
  | { readonly type: 'supervisor-stop-step'; readonly step: 'heartbeats' | 'services' | 'states'; readonly ended: readonly string[]; readonly tookMs: number }
  /** The services file is read again, and its difference done: from here to `config-settled`. */
  | { readonly type: 'config-applying' }
  | { readonly type: 'config-settled'; readonly tookMs: number }
  | { readonly type: 'config-applied'; readonly added: readonly string[]; readonly changed: readonly string[]; readonly removed: readonly string[] }
  | { readonly type: 'config-warned'; readonly message: string }
  | { readonly type: 'service-invalid'; readonly service: string; readonly source: string; readonly reason: string }
  | {
      readonly type: 'service-starting';
      readonly service: string;
      readonly port: number | undefined;
      /** So long until it has to be healthy. */
      readonly limitMs: number;
    }
  /** Alive and healthy. */
  | {
      readonly type: 'service-started';
      readonly service: string;
      readonly pid: number;
      readonly url: string | undefined;
      readonly tookMs: number;
    }
  | { readonly type: 'service-start-failed'; readonly service: string; readonly message: string }
  /** It runs since before this supervisor. `isOwned`: a supervisor had started it. */
  | { readonly type: 'service-adopted'; readonly service: string; readonly pid: number; readonly isOwned: boolean }
  | { readonly type: 'service-unhealthy'; readonly service: string; readonly pid: number; readonly reason: string; readonly failures: number }
  | { readonly type: 'service-healthy'; readonly service: string; readonly pid: number }
  | { readonly type: 'service-stopping'; readonly service: string; readonly pid: number; readonly reason: string }
  /** One step of a stop: the command, the signal, the kill. */
  | { readonly type: 'service-stop-step'; readonly service: string; readonly pid: number; readonly step: string }
  | {
      readonly type: 'service-stopped';
      readonly service: string;
      readonly tookMs: number;
      readonly forced: readonly number[];
      readonly remains: readonly string[];
    }
  /** It ended with 0, and is not wanted again. */
  | { readonly type: 'service-completed'; readonly service: string }
  | { readonly type: 'desired-changed'; readonly service: string; readonly desired: Desired }
  | { readonly type: 'port-assigned'; readonly service: string; readonly port: number; readonly reason: string }
  | { readonly type: 'state-restored'; readonly path: string; readonly reason: string }
  | { readonly type: 'state-unwritable'; readonly path: string; readonly reason: string };

/** What only a supervisor of many tells. */
export type SupervisorFact = (ServiceEvent | RegisterEvent)['type'];
