// One process of a service, as the system has it: spawned here, or found running. Both can be watched and signalled.

import type { Exit } from '../protocol/events.js';
import type { Stream } from '../protocol/log-line.js';
import { type Cancel, repeatUnref } from './clock.js';
import type { OutputPipe } from './output-pipe.js';
import { type Identity, identityOf, signalIdentity, stillIs } from './process-identity.js';
import { type ProgramSpec, signalGroup, startProgram } from './program-forker.js';

export interface ServiceLife {
  readonly pid: number;
  /** Undefined: it was never born, or has gone already. */
  readonly identity: Identity | undefined;
  /** In its environment, and its descendants'. */
  readonly mark: string;
  readonly isAdopted: boolean;
  readonly output: Readonly<Partial<Record<Stream, OutputPipe>>>;
  watch(listener: { onSpawn(): void; onExit(exit: Exit): void }): void;
  /** To itself alone. */
  signal(name: NodeJS.Signals): void;
  /** To its process group. */
  signalGroup(name: NodeJS.Signals): void;
}

export function spawnLife(spec: ProgramSpec, mark: string): ServiceLife {
  const { pid, output, watch, signal, signalGroup: toGroup } = startProgram({ ...spec, isDetached: true }, mark);
  return { pid, identity: pid === 0 ? undefined : identityOf(pid), mark, isAdopted: false, output, watch, signal, signalGroup: toGroup };
}

/** How often to look whether one that is not our child still lives: nobody tells us. */
const LOOK_MS = 500;
const UNKNOWN: Exit = { code: null, signal: null, isUnknown: true };

/** @param isLeader it leads a process group of its own, as those that were spawned here do */
export function adoptLife(identity: Identity, mark: string, isLeader = true): ServiceLife {
  return {
    pid: identity.pid,
    identity,
    mark,
    isAdopted: true,
    output: {},
    watch({ onSpawn, onExit }) {
      queueMicrotask(onSpawn);
      const cancel: Cancel = repeatUnref(LOOK_MS, () => {
        if (stillIs(identity)) return;
        cancel();
        onExit(UNKNOWN);
      });
    },
    signal: name => void signalIdentity(identity, name),
    signalGroup(name) {
      if (isLeader && stillIs(identity)) signalGroup(identity.pid, name);
      else signalIdentity(identity, name);
    },
  };
}
