// What an instance is told of itself, and what it serves.

import type { Probes } from '../control/server.js';
import type { Surface } from '../protocol/control.js';
import type { InstanceKind, RegistryEntry } from '../protocol/registry-entry.js';
import type { AdminAddress } from '../system/admin-address.js';
import type { LogOptions } from './open-recording.js';

export interface InstanceFacts {
  readonly kind: InstanceKind;
  readonly name: string;
  /** It was given, and not derived: another instance must not have it. */
  readonly isNameGiven: boolean;
  readonly baseDir: string;
  /** Of a supervisor: its services file. */
  readonly file?: string | undefined;
  /** False: what this process writes is somebody else's. Default: true. */
  readonly ownsOutput?: boolean | undefined;
  /** Removed by `cleanup` when this process was killed. */
  readonly pidFile?: string | undefined;
  readonly logs: LogOptions | undefined;
  readonly admin: AdminAddress | undefined;
  /** How long a stop may take. */
  readonly stopMs: number;
  /** What happens is kept for `why`. */
  readonly isJournalled: boolean;
  /** Whose pid others know it by: this process's, or its keeper's. */
  readonly pid: number;
  /** There is a keeper: others were before us, and others may come. */
  readonly isKept: boolean;
  /** One is still there: its name is taken over when this one serves. */
  readonly isHeir: boolean;
}

export interface Served {
  readonly surface: Surface;
  readonly probes: Probes;
  /** For those who only look into the run root. */
  readonly state: () => Pick<RegistryEntry, 'status' | 'address'>;
}
