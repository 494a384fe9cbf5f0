// One spare: a process that is parked, and its life until it is taken or gone.

import { Child, type Move, type Patiences, type SupervisedProcess } from '../supervision/child.js';
import type { Cancel, Clock } from '../system/clock.js';
import type { SpareFork } from './forking.js';
import type { ParkedChild, ParkedHooks } from './parked-child.js';

/** An application may ask for several sockets: when it asks for no more, it has booted. */
const QUIET_MS = 100;

export interface Spare {
  readonly n: number;
  readonly generation: number;
  readonly parked: ParkedChild;
  readonly child: Child;
  readonly bornAtMs: number;
  /** Its life goes on elsewhere: nothing that comes of it is heard here. */
  readonly release: () => void;
}

export interface SpareNeeds {
  readonly clock: Clock;
  readonly patienceMs: Patiences;
  readonly fork: (place: SpareFork, hooks: Omit<ParkedHooks, 'options' | 'awaitsSignal' | 'onMessage'>) => ParkedChild;
  readonly onMove: (child: Child, move: Move) => void;
}

type Watcher = Parameters<SupervisedProcess['watch']>[0];

export function bornSpare(place: SpareFork, { clock, patienceMs, fork, onMove }: SpareNeeds): Spare {
  let watcher: Watcher | undefined;
  let cancelQuiet: Cancel = () => {};
  const parked = fork(place, {
    onWaiting: () => {
      cancelQuiet();
      cancelQuiet = clock.after(QUIET_MS, () => watcher?.onCause('ready'));
    },
    onBeat: () => watcher?.onCause('heartbeat'),
    onLeaving: () => watcher?.onCause('quit'),
    onExit: exit => {
      cancelQuiet();
      watcher?.onExit(exit);
    },
  });
  const supervised: SupervisedProcess = {
    pid: parked.pid,
    watch: given => {
      watcher = given;
    },
    drain: () => parked.leave(),
    stop: () => parked.leave(),
    kill: () => parked.signalTree('SIGKILL'),
  };
  const { n, index, generation } = place;
  const child = new Child({ id: n, slot: index, generation, patienceMs, onMove }, supervised, clock);
  const release = () => {
    cancelQuiet();
    watcher?.onExit({ code: 0, signal: null });
    watcher = undefined;
  };
  return { n, generation, parked, child, bornAtMs: clock.now(), release };
}

export const isUsable = ({ child: { status }, parked }: Spare): boolean => (status === 'starting' || status === 'ready') && parked.isConnected;
