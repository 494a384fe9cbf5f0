// What one cluster can be asked from outside: the verbs, as its control server and its handle do them.

import { ClusterError } from '../errors.js';
import type { Surface } from '../protocol/control.js';
import type { ClusterEvent } from '../protocol/events.js';
import { isFrom } from '../protocol/log-line.js';
import { durationMs } from '../protocol/options.js';
import type { Account, TimedEvent } from '../protocol/snapshot.js';
import { type Clock, wallClockMs } from '../system/clock.js';
import { readJournal } from '../system/journal.js';
import { tailLog } from '../system/log-tail.js';
import type { History } from './history.js';
import { killPort, portsOf } from './ports.js';
import type { Recording } from './recording.js';
import { heartbeatsOf, type StatusNeeds, statusOf } from './status.js';
import type { WorkerProcess } from './worker-process.js';

export interface OperationsNeeds extends StatusNeeds {
  readonly history: History;
  readonly recording: Recording | undefined;
  readonly journalFile: string | undefined;
}

const LINES = 100;
const TIMELINE = 200;

export function operationsOf(needs: OperationsNeeds): Surface {
  const { cluster, clock, history, recording } = needs;
  const account = async (action: () => Promise<void>): Promise<Account> => {
    const startedAt = clock.now();
    await action();
    const ready = cluster.snapshot().workers.filter(({ status }) => status === 'ready');
    return { tookMs: took(clock, startedAt), workers: ready.map(({ pid }) => pid), generation: cluster.generation };
  };
  return {
    status: () => statusOf(needs),
    heartbeat: async () => heartbeatsOf(needs),
    ports: () => portsOf(needs.name),
    killPort: ({ port, force }) => killPort(port, force ?? false),
    why: async ({ last }) => timeline(needs, last ?? TIMELINE),
    events: ({ follow, last, after }, signal) => {
      if (follow) return history.follow({ last: last ?? (after === undefined ? 0 : Number.POSITIVE_INFINITY), after }, signal);
      return listed(history.last(last ?? Number.POSITIVE_INFINITY, after));
    },
    logs: ({ follow, lines, worker, since, grep }, signal) =>
      tailLog(
        {
          folder: recorded(recording).folder,
          lines: lines ?? LINES,
          follow: follow ?? false,
          since: since === undefined ? undefined : new Date(wallClockMs() - durationMs(since)).toISOString(),
          fits: line => (worker === undefined || isFrom(line, worker)) && (grep === undefined || line.text.includes(grep)),
        },
        signal,
      ),
    reload: () => account(() => cluster.reload()),
    restart: () => account(() => cluster.restart()),
    scale: ({ workers }) => account(() => cluster.resize(workers)),
    stop: async ({ force }) => {
      const startedAt = clock.now();
      const { forced, survived } = await cluster.stop(force ? { force: AbortSignal.abort() } : {});
      return { tookMs: took(clock, startedAt), forced, survived };
    },
    kill: async ({ worker, signal }) => {
      const found = findWorker(cluster.children, worker);
      found.forked.signal((signal ?? 'SIGKILL') as NodeJS.Signals);
      return { pid: found.pid };
    },
    flushLogs: async () => ({ files: await recorded(recording).recording.ask('flush') }),
    reopenLogs: async () => {
      const { recording: recorder, folder } = recorded(recording);
      await recorder.ask('reopen');
      return { file: folder };
    },
  };
}

const took = (clock: Clock, startedAt: number) => Math.round(clock.now() - startedAt);

async function* listed<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

function recorded(recording: Recording | undefined): { readonly recording: Recording; readonly folder: string } {
  const folder = recording?.status.folder;
  if (recording !== undefined && folder !== undefined) return { recording, folder };
  throw new ClusterError('ERR_NOT_SUPPORTED', 'Nothing is recorded here: it was started with --no-log-files, or by startCluster(), whose output is its own.');
}

/** By its id (3 of app_worker#3), its pid, or `agent`. */
function findWorker(children: readonly WorkerProcess[], wanted: string): WorkerProcess {
  const number = Number(wanted.replace('#', ''));
  const isPid = ({ pid }: WorkerProcess) => !wanted.startsWith('#') && pid === number;
  const isId = ({ role, place: { id } }: WorkerProcess) => role === 'app' && id === number;
  const found = children.find(child => (wanted === 'agent' ? child.role === 'agent' : isPid(child))) ?? children.find(isId);
  if (found !== undefined) return found;
  const candidates = children.map(({ role, pid, place: { id } }) => `${role === 'agent' ? 'agent' : `#${id}`} (pid ${pid})`);
  throw new ClusterError('ERR_UNKNOWN_NAME', `There is no worker ${wanted}. There are: ${candidates.join(', ') || 'none'}.`, { details: { candidates } });
}

/** What the journal of this name says, earlier masters included. */
function timeline({ journalFile, history }: OperationsNeeds, last: number): readonly TimedEvent<ClusterEvent>[] {
  const all = journalFile === undefined ? history.last(Number.POSITIVE_INFINITY) : (readJournal(journalFile) as unknown as TimedEvent<ClusterEvent>[]);
  return all.slice(Math.max(0, all.length - last));
}
