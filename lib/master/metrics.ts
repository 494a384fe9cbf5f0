// Prometheus text: the master's own series, one series per worker, and what the application's own prom-client registries hold,
// added up over the workers. A worker that does not answer in time is represented by what it said last.

import type { Counter, Gauge, Registry } from 'prom-client';
import type { SlotBook } from '../instance/slot-book.js';
import type { InstanceStatus, LossAccount, WorkerStatus } from '../protocol/snapshot.js';
import { type Clock, pause } from '../system/clock.js';
import { requirePackage } from '../system/require-package.js';
import type { Cluster } from './cluster.js';
import type { WorkerProcess } from './worker-process.js';

type PromClient = typeof import('prom-client');
type Metrics = readonly unknown[];

const ANSWER_MS = 500;
const PREFIX = 'app_cluster_';

export interface MetricsNeeds {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly slots: SlotBook;
  readonly status: () => Promise<InstanceStatus>;
}

/** Returns what a scrape calls. */
export function metricsOf({ cluster, clock, slots, status }: MetricsNeeds): () => Promise<string> {
  const known = new Map<number, WorkerProcess>();
  let retired: Promise<Metrics> = Promise.resolve([]);
  const loaded = () => requirePackage<PromClient>('prom-client');
  // Also those that are never scraped: a worker that is told to leave hands in its last numbers.
  cluster.on('child-moved', ({ id, role }) => {
    const app = role === 'app' && !known.has(id) ? cluster.children.find(child => child.role === 'app' && child.place.id === id) : undefined;
    if (app !== undefined) known.set(id, app);
  });
  cluster.on('child-left', ({ id, role }) => {
    const last = role === 'app' ? known.get(id)?.metrics.last : undefined;
    known.delete(id);
    if (last !== undefined && last.length > 0) retired = retired.then(sum => added(loaded(), [sum, last.filter(isCumulative)]));
  });
  return async () => {
    const apps = cluster.children.filter(({ role }) => role === 'app');
    for (const app of apps) known.set(app.place.id, app);
    const asked = apps.map(app => app.metrics.ask());
    const [own] = await Promise.all([status(), Promise.race([Promise.all(asked), pause(clock, ANSWER_MS)])]);
    const client = loaded();
    const alive = [...known.values()].flatMap(({ metrics: { last } }) => (last === undefined ? [] : [last]));
    return `${await ownText(client, own, slots)}${await text(client, [await retired, ...alive])}`;
  };
}

/** A counter that falls is taken for a restart of everything: what a dead worker had counted stays counted. */
const isCumulative = (metric: unknown) => ['counter', 'histogram'].includes((metric as { type?: string }).type ?? '');

/** Whatever a worker may send: what cannot be added up is left out, worker by worker. */
async function added(client: PromClient, lists: readonly Metrics[]): Promise<Metrics> {
  let sum: Metrics = [];
  for (const list of lists) {
    try {
      sum = await client.AggregatorRegistry.aggregate([sum, list] as never).getMetricsAsJSON();
    } catch {}
  }
  return sum;
}

async function text(client: PromClient, lists: readonly Metrics[]): Promise<string> {
  const sum = await added(client, lists);
  return sum.length === 0 ? '' : client.AggregatorRegistry.aggregate([sum] as never).metrics();
}

interface Series {
  readonly name: string;
  readonly help: string;
  readonly isCounter?: boolean;
  readonly of: (worker: WorkerStatus, before: ReturnType<SlotBook['countedBefore']>) => number | undefined;
}

const seconds = (ms: number | undefined) => (ms === undefined ? undefined : ms / 1_000);

const PER_WORKER: readonly Series[] = [
  { name: 'worker_up', help: '1 while the worker is ready', of: ({ status }) => (status === 'ready' ? 1 : 0) },
  { name: 'worker_restarts_total', help: 'How often the slot had to be filled again', isCounter: true, of: ({ restarts }) => restarts },
  { name: 'worker_age_seconds', help: 'Since it was forked', of: ({ ageMs }) => seconds(ageMs) },
  { name: 'worker_resident_memory_bytes', help: 'Resident memory', of: ({ rssBytes }) => rssBytes },
  { name: 'worker_cpu_seconds_total', help: 'Processor time', isCounter: true, of: ({ vitals }, before) => seconds(before.cpuMs + (vitals?.cpuMs ?? 0)) },
  { name: 'worker_event_loop_utilization', help: 'How busy the event loop is, 0 to 1', of: ({ vitals }) => vitals?.loopUtilization },
  { name: 'worker_event_loop_delay_seconds', help: '99th percentile of what the event loop comes late', of: ({ vitals }) => seconds(vitals?.loopDelayMs) },
  { name: 'worker_connections', help: 'Open connections', of: ({ vitals }) => vitals?.connections },
  { name: 'worker_requests_total', help: 'Requests', isCounter: true, of: ({ vitals }, before) => before.requests + (vitals?.requests ?? 0) },
  { name: 'worker_requests_in_flight', help: 'Requests that are being answered', of: ({ vitals }) => vitals?.inFlight },
  { name: 'worker_last_beat_seconds', help: 'Since it was heard last', of: ({ lastBeatAgoMs }) => seconds(lastBeatAgoMs) },
];

const LOSSES: readonly (readonly [keyof LossAccount, string, string])[] = [
  ['accepted', 'connections_accepted_total', 'Connections accepted by app workers'],
  ['served', 'requests_served_total', 'Requests answered to the end'],
  ['rescued', 'connections_rescued_total', 'Connections of a worker that died, given to another'],
  ['handedOver', 'connections_handed_over_total', 'Idle connections of a worker that drained, given to another'],
  ['refused', 'connections_refused_total', 'Connections closed because nobody could take them'],
  ['cut', 'requests_cut_total', 'Requests in flight in a worker that died or was ended by force'],
];

async function ownText(client: PromClient, status: InstanceStatus, slots: SlotBook): Promise<string> {
  const registry = new client.Registry();
  const { name, version, node, master, size, generation, reloads, droppedMessages, logs, uptimeMs } = status;
  gauge(client, registry, 'info', 'What runs', ['name', 'version', 'node', 'status']).set({ name, version, node, status: status.status }, 1);
  const plain = (metric: string, help: string, value: number | undefined) => value !== undefined && gauge(client, registry, metric, help).set(value);
  const total = (metric: string, help: string, value: number) => counter(client, registry, metric, help).inc(value);
  plain('uptime_seconds', 'Since the master was started', uptimeMs / 1_000);
  plain('workers_wanted', 'How many app workers there should be', size);
  plain('workers_ready', 'How many are ready', status.workers.filter(worker => worker.status === 'ready').length);
  plain('generation', 'Counts reloads and restarts', generation);
  plain('master_resident_memory_bytes', 'Resident memory of the master', master.rssBytes);
  plain('master_cpu_percent', 'Processor use of the master, of one CPU', master.cpuPercent);
  total('reloads_total', 'Completed reloads', reloads);
  total('messages_dropped_total', 'Messages that were malformed, forged or too many', droppedMessages);
  total('log_lines_dropped_total', 'Log lines that could not be written', logs.droppedLines);
  total('logger_restarts_total', 'How often the logger had to be started again', logs.restarts);
  for (const [key, metric, help] of LOSSES) if (status.losses) total(metric, help, status.losses[key]);
  const workers = [...(status.agent ? [status.agent] : []), ...status.workers];
  for (const series of PER_WORKER) addSeries(metricFor(client, registry, series), series, workers, slots);
  return registry.metrics();
}

function metricFor(client: PromClient, registry: Registry, { name, help, isCounter }: Series): Gauge | Counter {
  const labels = ['role', 'worker'];
  return isCounter ? counter(client, registry, name, help, labels) : gauge(client, registry, name, help, labels);
}

/** While a slot's worker is being replaced there are two: the one that is ready speaks for the slot. */
function addSeries(metric: Gauge | Counter, { of }: Series, workers: readonly WorkerStatus[], slots: SlotBook): void {
  const readyLast = workers.toSorted((a, b) => Number(a.status === 'ready') - Number(b.status === 'ready'));
  const bySlot = new Map(readyLast.map(worker => [worker.role + worker.slot, worker]));
  for (const worker of bySlot.values()) {
    const value = of(worker, slots.countedBefore(worker.role, worker.slot));
    if (value !== undefined) metric.inc({ role: worker.role, worker: String(worker.slot) }, value);
  }
}

function gauge(client: PromClient, registry: Registry, name: string, help: string, labelNames: string[] = []): Gauge {
  return new client.Gauge({ name: PREFIX + name, help, labelNames, registers: [registry] });
}

function counter(client: PromClient, registry: Registry, name: string, help: string, labelNames: string[] = []): Counter {
  return new client.Counter({ name: PREFIX + name, help, labelNames, registers: [registry] });
}
