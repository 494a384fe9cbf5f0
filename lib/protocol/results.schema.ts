// What the verbs answer, as zod schemas: for the OpenAPI document, and for the test that holds them against real answers. The types in
// snapshot.ts are what programs see; both must agree, or this does not compile.

import { z } from 'zod';
import type { CallVerb, Results, StreamVerb } from './control.js';

const pid = z.int();
const ms = z.number();
const epochMs = z.number().describe('Milliseconds since 1970');
const role = z.enum(['agent', 'app']);
const childStatus = z.enum(['starting', 'ready', 'hung', 'draining', 'stopping', 'killing', 'lost', 'gone']);
const instanceStatus = z.enum(['starting', 'running', 'degraded', 'reloading', 'stopping', 'stopped']);
const usage = { rssBytes: z.number().optional(), cpuPercent: z.number().describe('Of one CPU').optional() };

const vitals = z.object({
  atMs: ms,
  rssBytes: z.number(),
  heapUsedBytes: z.number(),
  heapLimitBytes: z.number().optional(),
  cpuMs: ms,
  loopUtilization: z.number().describe('0 to 1'),
  loopDelayMs: ms.describe('99th percentile').optional(),
  connections: z.int(),
  accepted: z.int(),
  adopted: z.int(),
  handedOver: z.int(),
  requests: z.int(),
  answered: z.int(),
  inFlight: z.int(),
});

const losses = z
  .object({
    accepted: z.int().describe('Connections'),
    served: z.int().describe('Requests answered to the end'),
    rescued: z.int().describe('Connections of a worker that died, given to another'),
    handedOver: z.int().describe('Idle connections of a worker that drained, given to another'),
    refused: z.int().describe('Connections closed because nobody could take them'),
    cut: z.int().describe('Requests in flight in a worker that died or was ended by force'),
  })
  .optional();

const lastExit = z.object({
  code: z.int().nullable(),
  signal: z.string().nullable(),
  error: z.string().optional(),
  at: epochMs,
  pid,
  reason: z.string(),
});

const worker = z.object({
  role,
  service: z.string().describe('Of a supervisor').optional(),
  id: z.int(),
  pid,
  slot: z.int(),
  generation: z.int(),
  status: childStatus,
  ...usage,
  ageMs: ms,
  restarts: z.int(),
  lastExit: lastExit.optional(),
  lastBeatAgoMs: ms.optional(),
  vitals: vitals.optional(),
  requestsPerSecond: z.number().optional(),
});

const serviceStatus = z.object({
  name: z.string(),
  kind: z.enum(['program', 'cluster']),
  status: z.enum(['down', 'waiting', 'starting', 'running', 'unhealthy', 'backing-off', 'stopping', 'completed', 'failed', 'invalid']),
  running: z.boolean().describe('Alive and healthy'),
  desired: z.enum(['up', 'down']),
  isOwned: z.boolean().describe('False: somebody else started it'),
  pid: pid.optional(),
  host: z.string(),
  port: z.int().optional(),
  url: z.string().optional(),
  reason: z.string().describe('Why it does not run, or not well').optional(),
  ageMs: ms.optional(),
  restarts: z.int(),
  lastExit: lastExit.optional(),
  health: z.object({ isHealthy: z.boolean(), failures: z.int(), tookMs: ms, agoMs: ms }).optional(),
  source: z.string(),
  dependsOn: z.array(z.string()),
  ...usage,
});
const serviceStart = z.object({ service: serviceStatus, tookMs: ms });

const status = z.object({
  name: z.string(),
  kind: z.enum(['cluster', 'run', 'supervisor']),
  pid,
  masterPid: pid.optional(),
  status: instanceStatus,
  address: z.object({ protocol: z.enum(['http', 'https']), port: z.int().optional(), text: z.string() }).optional(),
  baseDir: z.string(),
  program: z.string(),
  version: z.string(),
  node: z.string(),
  startedAt: epochMs,
  uptimeMs: ms,
  size: z.int(),
  generation: z.int(),
  master: z.object(usage),
  agent: worker.optional(),
  workers: z.array(worker),
  services: z.array(serviceStatus).describe('Of a supervisor').optional(),
  spares: z.int().describe('Booted workers that wait to take a place').optional(),
  reloads: z.int(),
  droppedMessages: z.int(),
  losses,
  logs: z.object({ folder: z.string().optional(), droppedLines: z.int(), restarts: z.int() }),
});

const registration = z.object({
  service: z.string().optional(),
  app: z.string(),
  instanceId: z.string(),
  state: z.enum(['registered', 'registering', 'failing', 'off']),
  lastBeatAt: epochMs.optional(),
  lastBeatAgoMs: ms.optional(),
  failures: z.int().describe('In a row'),
  lastError: z.string().optional(),
});

const heartbeat = z.object({
  workers: z.array(z.object({ role, id: z.int(), slot: z.int(), pid, lastBeatAt: epochMs.optional(), lastBeatAgoMs: ms.optional() })),
  registrations: z.array(registration).describe('At service registries').optional(),
});

const port = z.object({
  port: z.int(),
  addresses: z.array(z.string()),
  holders: z.array(z.object({ pid, command: z.string(), instance: z.string().optional(), service: z.string().optional() })),
  isOurs: z.boolean(),
});

const event = z.object({ seq: z.int(), at: epochMs, event: z.looseObject({ type: z.string() }) });
const account = z.object({ tookMs: ms, workers: z.array(pid), generation: z.int(), losses });

export const resultSchemas = {
  status,
  heartbeat,
  ports: z.array(port),
  why: z.array(event),
  events: event,
  logs: z.object({
    time: z.string(),
    source: z.string(),
    stream: z.enum(['out', 'err']),
    kind: z.enum(['record', 'more', 'same']),
    text: z.string(),
    isUnfinished: z.boolean().optional(),
  }),
  reload: account,
  restart: account,
  scale: account,
  upgrade: z.object({ tookMs: ms, masterPid: pid, losses }),
  stop: z.object({
    tookMs: ms,
    forced: z.array(pid),
    survived: z.array(pid),
    remains: z.array(z.string()).describe('Of a supervisor: what could not be ended').optional(),
    names: z.record(z.string(), z.string()).optional(),
    losses,
  }),
  kill: z.object({ pid }),
  flushLogs: z.object({ files: z.int() }),
  reopenLogs: z.object({ file: z.string() }),
  killPort: z.object({ killed: z.array(pid) }),
  services: z.array(serviceStatus),
  plan: z.array(z.object({ service: z.string(), act: z.enum(['start', 'restart', 'stop', 'none']), reason: z.string() })),
  up: z.object({
    tookMs: ms,
    running: z.array(z.string()),
    failed: z.array(z.object({ service: z.string(), reason: z.string() })),
    changes: z.array(z.object({ service: z.string(), kind: z.enum(['added', 'changed', 'removed']), keys: z.array(z.string()) })),
  }),
  startService: serviceStart,
  stopService: z.object({ service: z.string(), tookMs: ms, forced: z.array(pid), remains: z.array(z.string()).describe('What could not be ended') }),
  restartService: serviceStart,
  attach: event,
} as const satisfies Record<CallVerb | StreamVerb, z.ZodType>;

type Checked = Pick<
  typeof resultSchemas,
  | 'status'
  | 'heartbeat'
  | 'ports'
  | 'logs'
  | 'reload'
  | 'upgrade'
  | 'stop'
  | 'kill'
  | 'flushLogs'
  | 'reopenLogs'
  | 'killPort'
  | 'services'
  | 'plan'
  | 'up'
  | 'startService'
  | 'stopService'
  | 'restartService'
>;
/** Compiles only while every answer's type fits its schema. */
export type AnswersFit = { readonly [V in keyof Checked]: Results[V] extends z.input<Checked[V]> ? true : never };
