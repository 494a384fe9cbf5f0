// What is kept of each service of a supervisor beyond its life: one file each in the state folder. What is wanted and what was seen stand in it
// apart.

import { fileNameOf, parseObject } from '../protocol/registry-entry.js';
import type { Desired, StopPlan } from '../protocol/service-spec.js';
import type { LastExit } from '../protocol/snapshot.js';
import { readDurable } from '../system/durable-file.js';
import { stateRoot, whyUnsafe } from '../system/private-folder.js';
import type { Identity } from '../system/process-identity.js';
import { fileNames } from '../system/whole-files.js';

/** What was running, as of the last change: a hint for who comes after us. */
export interface Observed extends Identity {
  readonly mark: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** How it is ended, where nobody knows its description any more. */
  readonly stop?: Pick<StopPlan, 'signal' | 'timeoutMs'> | undefined;
  /** Of its own; stale when it is gone, and so is the lock then. */
  readonly pidFile?: string | undefined;
  readonly lockFile?: string | undefined;
}

export interface ServiceState {
  readonly version: 1;
  readonly name: string;
  /** Undefined: nobody has said yet. */
  readonly desired?: Desired | undefined;
  /** Its last one. */
  readonly port?: number | undefined;
  readonly observed?: Observed | undefined;
  readonly lastExit?: LastExit | undefined;
}

export const statesFolder = (supervisor: string): string => `${stateRoot()}/${fileNameOf(supervisor)}/services`;
export const stateText = (state: ServiceState): string => `${JSON.stringify(state)}\n`;

/** Undefined for what is none. What was observed is left out where it makes no sense. */
export function parseState(text: string): ServiceState | undefined {
  const state = parseObject(text);
  if (state === undefined || state['version'] !== 1 || typeof state['name'] !== 'string') return undefined;
  const { desired, port, observed } = state;
  if (desired !== undefined && desired !== 'up' && desired !== 'down') return undefined;
  if (port !== undefined && (!Number.isInteger(port) || (port as number) < 1 || (port as number) > 65_535)) return undefined;
  return { ...(state as unknown as ServiceState), observed: observedIn(observed) };
}

function observedIn(value: unknown): Observed | undefined {
  const { pid, startTime, bootId, mark, startedAt, stop, pidFile, lockFile } = (value ?? {}) as Partial<Record<keyof Observed, unknown>>;
  const isOne = Number.isInteger(pid) && (pid as number) > 1 && [startTime, bootId, mark].every(text => typeof text === 'string');
  if (!isOne) return undefined;
  const { signal, timeoutMs } = (stop ?? {}) as Partial<Record<keyof StopPlan, unknown>>;
  const isPlan = typeof signal === 'string' && /^SIG[A-Z\d]+$/.test(signal) && typeof timeoutMs === 'number' && timeoutMs >= 0;
  return {
    ...({ pid, startTime, bootId, mark, startedAt } as Observed),
    ...(isPlan ? { stop: { signal, timeoutMs } as Observed['stop'] } : {}),
    ...(typeof pidFile === 'string' ? { pidFile } : {}),
    ...(typeof lockFile === 'string' ? { lockFile } : {}),
  };
}

export interface StoredState {
  /** As its folder and its files in the run root are called. */
  readonly supervisorFile: string;
  readonly path: string;
  /** `SUP/SVC`, for people. */
  readonly fullName: string;
  readonly state: ServiceState;
}

/** Of every supervisor there has been. Nothing where somebody else can write. */
export function storedStates(): readonly StoredState[] {
  if (whyUnsafe(stateRoot()) !== undefined) return [];
  return fileNames(stateRoot()).flatMap(supervisorFile => {
    const folder = `${stateRoot()}/${supervisorFile}/services`;
    return fileNames(folder)
      .filter(file => file.endsWith('.json'))
      .flatMap(file => {
        const found = readDurable(`${folder}/${file}`, parseState);
        if (typeof found !== 'object') return [];
        const { value: state } = found;
        return [{ supervisorFile, path: `${folder}/${file}`, fullName: `${nameIn(supervisorFile)}/${state.name}`, state }];
      });
  });
}

/** What a long one was cannot be told from its file's name. */
function nameIn(file: string): string {
  try {
    return decodeURIComponent(file);
  } catch {
    return file;
  }
}
