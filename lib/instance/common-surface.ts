// The verbs that are the same for every kind of instance: what happened, what was written, who holds which port.

import { endHolders, portStatuses } from '../control/ports.js';
import { timelineOf } from '../control/timeline.js';
import { ClusterError } from '../errors.js';
import type { Surface } from '../protocol/control.js';
import type { ClusterEvent } from '../protocol/events.js';
import { CURRENT_LOG, isFrom, serviceOf } from '../protocol/log-line.js';
import { durationMs } from '../protocol/options.js';
import type { TimedEvent } from '../protocol/snapshot.js';
import { wallClockMs } from '../system/clock.js';
import { tailLog } from '../system/log-tail.js';
import type { History } from './history.js';
import type { Recording } from './recording.js';

export interface CommonNeeds {
  readonly name: string;
  readonly history: History;
  readonly recording: Recording | undefined;
  readonly isJournalled: boolean;
  /** The instance ends: so do those who follow it. */
  readonly over: AbortSignal;
}

/** Only supervisors have them. */
export const noServices = (what: string): Pick<Surface, ServiceVerb> => {
  const noneHere = () => new ClusterError('ERR_NOT_SUPPORTED', `${what} has no services: those are a supervisor's (app-cluster up).`);
  const refuse = async (): Promise<never> => {
    throw noneHere();
  };
  const attach = (): never => {
    throw noneHere();
  };
  return { services: refuse, plan: refuse, up: refuse, startService: refuse, stopService: refuse, restartService: refuse, attach };
};
type ServiceVerb = 'services' | 'plan' | 'up' | 'startService' | 'stopService' | 'restartService' | 'attach';

type Common = Pick<Surface, 'ports' | 'killPort' | 'why' | 'events' | 'logs' | 'flushLogs' | 'reopenLogs'>;

const LINES = 100;
const TIMELINE = 200;

export function commonSurface({ name, history, recording, isJournalled, over }: CommonNeeds): Common {
  return {
    ports: async () =>
      (await portStatuses()).filter(({ holders }) => holders.some(({ instance, service }) => instance === name || service?.startsWith(`${name}/`))),
    killPort: async ({ port, force }) => ({ killed: (await endHolders(port, force ?? false)).killed }),
    why: async ({ last }) => {
      const all = isJournalled ? timelineOf(name) : history.last(Number.POSITIVE_INFINITY);
      return all.slice(Math.max(0, all.length - (last ?? TIMELINE)));
    },
    events: ({ follow, last, after, service }, signal) => {
      const fits = ({ event }: TimedEvent<ClusterEvent>) => service === undefined || ('service' in event && event.service === service);
      if (!follow) return listed(history.last(last ?? Number.POSITIVE_INFINITY, after).filter(fits));
      return only(history.follow({ last: last ?? (after === undefined ? 0 : Number.POSITIVE_INFINITY), after }, AbortSignal.any([signal, over])), fits);
    },
    logs: ({ follow, lines, worker, service, since, grep }, signal) =>
      tailLog(
        {
          folder: folderOf(recording),
          lines: lines ?? LINES,
          follow: follow ?? false,
          since: since === undefined ? undefined : new Date(Math.max(0, wallClockMs() - durationMs(since))).toISOString(),
          fits: line =>
            (worker === undefined || isFrom(line, worker)) &&
            (service === undefined || serviceOf(line) === service) &&
            (grep === undefined || line.text.includes(grep)),
        },
        AbortSignal.any([signal, over]),
      ),
    flushLogs: async () => ({ files: (await recording?.ask('flush')) ?? nothingRecorded() }),
    reopenLogs: async () => {
      await (recording ?? nothingRecorded()).ask('reopen');
      return { file: `${folderOf(recording)}/${CURRENT_LOG}` };
    },
  };
}

async function* only<T>(items: AsyncIterable<T>, fits: (item: T) => boolean): AsyncGenerator<T> {
  for await (const item of items) if (fits(item)) yield item;
}

async function* listed<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

const folderOf = (recording: Recording | undefined): string => recording?.status.folder ?? nothingRecorded();

function nothingRecorded(): never {
  throw new ClusterError('ERR_NOT_SUPPORTED', 'Nothing is recorded here: it was started with --no-log-files, or by startCluster(), whose output is its own.');
}
