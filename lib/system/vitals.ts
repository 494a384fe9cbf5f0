// What a worker measures in itself: memory, processor time, event loop, connections, requests. Costs a counter per request while
// nobody asks; the event loop's delay is sampled only for as long as somebody does.

import { subscribe } from 'node:diagnostics_channel';
import type { IntervalHistogram } from 'node:perf_hooks';
import type { WorkerVitals } from '../protocol/snapshot.js';
import { afterUnref, type Cancel } from './clock.js';
import type { Giver } from './give-connections.js';
import { responseOn } from './idle-connections.js';
import { requirePackage } from './require-package.js';
import type { ServerTracker } from './server-tracker.js';

const SAMPLE_MS = 20;
/** Nobody has asked for so long: sampling ends. */
const UNWATCHED_MS = 60_000;
const NANOSECONDS = 1e6;

export interface Vitals {
  /** @param isWatched somebody asks: the delay of the event loop is sampled from now on for a while */
  measure(isWatched: boolean): WorkerVitals;
  /** Requests so far. */
  readonly requests: number;
  /** Called with each request that begins, but for HTTP/2. */
  onRequest: () => void;
}

export function watchVitals(tracker: ServerTracker, giver: Giver): Vitals {
  let requests = 0;
  let answered = 0;
  let lastLoop = performance.eventLoopUtilization();
  const delay = loopDelay();
  const vitals: Vitals = {
    onRequest: () => {},
    get requests() {
      return requests + tracker.streamsSeen;
    },
    measure(isWatched) {
      const loop = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(loop, lastLoop);
      lastLoop = loop;
      const { rss, heapUsed } = process.memoryUsage();
      const { user, system } = process.cpuUsage();
      return {
        atMs: performance.now(),
        rssBytes: rss,
        heapUsedBytes: heapUsed,
        heapLimitBytes: heapLimit(),
        cpuMs: (user + system) / 1_000,
        loopUtilization: Number.isFinite(utilization) ? utilization : 0,
        loopDelayMs: delay.read(isWatched),
        accepted: tracker.accepted,
        adopted: tracker.adopted,
        handedOver: giver.given,
        requests: vitals.requests,
        answered: answered + tracker.streamsAnswered,
        ...traffic(tracker),
      };
    },
  };
  const isClients = (message: unknown) => !tracker.injected.has((message as { socket: object }).socket);
  subscribe('http.server.response.finish', message => {
    if (isClients(message)) answered++;
  });
  subscribe('http.server.request.start', message => {
    if (!isClients(message)) return;
    requests++;
    vitals.onRequest();
  });
  return vitals;
}

let knownLimit: number | undefined;

/** Asked for once: not before the first beat, and it does not change. */
function heapLimit(): number {
  knownLimit ??= requirePackage<typeof import('node:v8')>('node:v8').getHeapStatistics().heap_size_limit;
  return knownLimit;
}

function traffic(tracker: ServerTracker): Pick<WorkerVitals, 'connections' | 'inFlight'> {
  let connections = 0;
  let inFlight = 0;
  for (const { sockets, secureSockets, streams } of tracker.servers) {
    connections += sockets.size;
    inFlight += streams.size;
    for (const socket of [...sockets, ...secureSockets]) if (responseOn(socket) !== undefined) inFlight++;
  }
  return { connections, inFlight };
}

/** 99th percentile since the last reading, in milliseconds beyond the sampling itself. */
function loopDelay(): { read(isWatched: boolean): number | undefined } {
  let histogram: IntervalHistogram | undefined;
  let cancel: Cancel = () => {};
  const stop = () => {
    histogram?.disable();
    histogram = undefined;
  };
  return {
    read(isWatched) {
      const seen = histogram === undefined || histogram.count === 0 ? undefined : Math.max(0, histogram.percentile(99) / NANOSECONDS - SAMPLE_MS);
      histogram?.reset();
      if (isWatched) {
        cancel();
        cancel = afterUnref(UNWATCHED_MS, stop);
        histogram ??= startedHistogram();
      }
      return seen;
    },
  };
}

function startedHistogram(): IntervalHistogram {
  const { monitorEventLoopDelay } = requirePackage<typeof import('node:perf_hooks')>('node:perf_hooks');
  const histogram = monitorEventLoopDelay({ resolution: SAMPLE_MS });
  histogram.enable();
  return histogram;
}
