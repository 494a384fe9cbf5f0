// Entry of the watchdog's thread, one in every agent and app worker: notes where the main thread blocks, and ends a process that nobody else can.

import { workerData } from 'node:worker_threads';
import { systemClock } from '../system/clock.js';
import { killSelf, ownPid, parentPid } from '../system/environment.js';
import { HangWitness } from './hang-witness.js';
import { Vigil } from './vigil.js';
import { BEATS, IS_DEBUGGED, type ThreadOrders } from './watchdog-orders.js';

const { shared, limitMs, folder, mark, masterPid, orphanMs } = workerData as ThreadOrders;
const cells = new Int32Array(shared);
const witness = folder === undefined ? undefined : new HangWitness({ folder, mark, pid: ownPid(), limitMs });

new Vigil({
  clock: systemClock,
  limitMs,
  beats: () => Atomics.load(cells, BEATS),
  isDebugged: () => Atomics.load(cells, IS_DEBUGGED) === 1,
  isOrphaned: () => parentPid() !== masterPid,
  orphanMs,
  capture: () => void witness?.capture(),
  drop: () => witness?.drop(),
  end: killSelf,
}).start();
