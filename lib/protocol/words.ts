// Our own words between master and worker. They travel as Node-internal messages, which user code never sees.

import type { LastWords, ListeningAddress } from './events.js';
import type { WorkerVitals } from './snapshot.js';

/** Node keeps messages whose `cmd` starts with NODE_ from 'message' listeners. */
export const CMD = 'NODE_APP_CLUSTER';

/** What a readiness path has answered. */
export interface Probe {
  /** A status, or why there was none. */
  readonly answer: string;
  /** It was 2xx. */
  readonly ok: boolean;
}

/**
 * From a worker to its master: about itself only, so a forged one can hurt nobody else.
 * - `unattached`: its server could not be given the socket that came.
 * - `hello` asks for what was too large or too secret for the command line.
 * - `starting`: it takes long, and the framework's own limit is not over.
 * - `leaving`: somebody else than the master told it to go.
 * - `beat`: it lives, and how it is; every 5 seconds, and when asked.
 * - `metrics`: what the application's own prom-client registry holds.
 * - `listening`: what `cluster` says of its processes, from a thread, or with a socket of its own.
 * - `give`: comes with an idle connection that was accepted there, and is somebody else's from now on; `isNew`: nothing was ever said on it.
 * - `held`: a spare has got as far as a socket of its own, which it opens when it is admitted.
 * - `probed`: what its own server has answered to the readiness path: a status, or why there was none.
 * - `adopted`: what became of the connection that came as number `n`. Said before its first byte is read.
 */
export type WorkerWord =
  | { readonly act: 'hello' | 'starting' | 'ready' | 'drained' | 'leaving' | 'held' | 'unattached' }
  | { readonly act: 'listening'; readonly address: ListeningAddress }
  | { readonly act: 'give'; readonly address: ListeningAddress; readonly isNew: boolean }
  | { readonly act: 'adopted'; readonly n: number; readonly ok: boolean }
  | ({ readonly act: 'probed' } & Probe)
  | { readonly act: 'last-words'; readonly words: LastWords }
  | { readonly act: 'beat'; readonly vitals: WorkerVitals }
  | { readonly act: 'metrics'; readonly n: number; readonly metrics: readonly unknown[] };

/**
 * From the master to a worker.
 * - `go`: it was forked early, and its user code may run now.
 * - `admitted`: a spare takes a place, and has its index from now on.
 * - `stay`: the cluster stops, and this worker's turn comes later: a SIGTERM to the whole group is not yet for it.
 * - `report`: say how you are, now.
 * - `limits`: beat at once when one is reached; each worker has its own, a little below what was asked for.
 * - `watch`: it is ready, and may be watched from inside.
 * - `attach` comes with the listening socket of a server that has none yet.
 * - `adopt` comes with a connection, for the server on that address.
 * - `housed`: a connection that was given has found its place.
 * - `signal` is a thread's SIGTERM.
 * - `leave` comes with SIGTERM: a SIGTERM without it is known to be somebody else's, and draining is over.
 */
export type MasterWord =
  | { readonly act: 'boot'; readonly options: unknown }
  /** `mayHandOver`: there are siblings to give idle connections to. */
  | { readonly act: 'drain'; readonly lingerMs: number; readonly mayHandOver: boolean }
  | { readonly act: 'attach'; readonly address: ListeningAddress }
  | { readonly act: 'adopt'; readonly n: number; readonly address: ListeningAddress; readonly isNew: boolean }
  | { readonly act: 'metrics'; readonly n: number }
  | { readonly act: 'admitted'; readonly index: number }
  | { readonly act: 'limits'; readonly requests?: number | undefined; readonly memoryBytes?: number | undefined }
  | { readonly act: 'leave' | 'go' | 'stay' | 'signal' | 'report' | 'watch' | 'housed' };

export type Framed<W> = W & { readonly cmd: typeof CMD };

const ACTS: readonly string[] = [
  'hello',
  'unattached',
  'starting',
  'ready',
  'drained',
  'leaving',
  'listening',
  'give',
  'adopted',
  'last-words',
  'beat',
  'metrics',
  'held',
  'probed',
] satisfies WorkerWord['act'][];
const MOST_LINES = 40;
const LONGEST_LINE = 2_000;
const LONGEST_ANSWER = 200;

/** Undefined for anything a worker of ours would not say. */
export function parseWorkerWord(message: unknown): WorkerWord | undefined {
  if (typeof message !== 'object' || message === null) return undefined;
  const { cmd, act, words, address, vitals, metrics, n, isNew, ok, answer } = message as Readonly<Record<string, unknown>>;
  if (cmd !== CMD || typeof act !== 'string' || !ACTS.includes(act)) return undefined;
  if (act === 'last-words') return { act, words: parseLastWords(words) };
  if (act === 'listening') return withAddress(act, address);
  if (act === 'give') return withAddress(act, address, isNew === true);
  if (act === 'adopted') return typeof n === 'number' ? { act, n, ok: ok === true } : undefined;
  if (act === 'probed') return typeof answer === 'string' ? { act, answer: answer.slice(0, LONGEST_ANSWER), ok: ok === true } : undefined;
  if (act === 'beat') return parseBeat(vitals);
  if (act === 'metrics') return Array.isArray(metrics) && typeof n === 'number' ? { act, n, metrics } : undefined;
  return { act } as WorkerWord;
}

/** Number of the metrics that nobody asked for: the last ones of a worker that leaves. */
export const LAST_METRICS = 0;
/** How often a worker says that it lives; where the limit of its silence is low, more often. */
export const BEAT_MS = 5_000;

const NUMBERS = [
  'atMs',
  'rssBytes',
  'heapUsedBytes',
  'cpuMs',
  'loopUtilization',
  'connections',
  'accepted',
  'adopted',
  'handedOver',
  'requests',
  'answered',
  'inFlight',
] as const;
const MAYBE_NUMBERS = ['loopDelayMs', 'heapLimitBytes'] as const;

function parseBeat(vitals: unknown): WorkerWord | undefined {
  const given = (typeof vitals === 'object' && vitals !== null ? vitals : {}) as Readonly<Record<string, unknown>>;
  const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0;
  if (!NUMBERS.every(name => isNumber(given[name]))) return undefined;
  const measured = Object.fromEntries(NUMBERS.map(name => [name, given[name]])) as unknown as WorkerVitals;
  const more = Object.fromEntries(MAYBE_NUMBERS.flatMap(name => (isNumber(given[name]) ? [[name, given[name]]] : [])));
  return { act: 'beat', vitals: { ...measured, ...more } };
}

function withAddress(act: 'listening' | 'give', given: unknown, isNew = false): WorkerWord | undefined {
  const address = parseAddress(given);
  if (address === undefined) return undefined;
  return act === 'give' ? { act, address, isNew } : { act, address };
}

function parseAddress(listening: unknown): ListeningAddress | undefined {
  const { addressType, address, port } = (typeof listening === 'object' && listening !== null ? listening : {}) as Partial<Record<string, unknown>>;
  if (addressType === -1 && typeof address === 'string') return { addressType, address, port: -1 };
  const isPort = typeof port === 'number' && Number.isInteger(port) && port > 0 && port <= 65_535;
  if (!isPort || (addressType !== 4 && addressType !== 6)) return undefined;
  return { addressType, address: typeof address === 'string' ? address : null, port };
}

function parseLastWords(words: unknown): LastWords {
  const { lines, error } = (typeof words === 'object' && words !== null ? words : {}) as { lines?: unknown; error?: unknown };
  const texts = Array.isArray(lines) ? lines.filter(line => typeof line === 'string') : [];
  return {
    lines: texts.slice(-MOST_LINES).map(line => line.slice(0, LONGEST_LINE)),
    error: typeof error === 'string' ? error.slice(0, LONGEST_LINE * 4) : undefined,
  };
}

/**
 * What a worker must know before user code runs. Travels in the environment variable `APP_CLUSTER_BOOT`, which the
 * preload removes again before user code can see it.
 */
export interface Boot {
  readonly role: 'agent' | 'app';
  readonly masterPid: number;
  /** Undefined: the main module is the user's own; its export is served here unless it listens itself. */
  readonly framework?: string | undefined;
  readonly serve: { readonly port: number; readonly host?: string | undefined; readonly isHttps: boolean };
  readonly readyOn: 'listening' | 'signal' | 'online';
  /** False: the options' port is a default, and an application's own comes first. */
  readonly isPortGiven: boolean;
  /** Nobody asked for a limit of the start: a framework's own one may be longer than the default. */
  readonly mayStartLong: boolean;
  /** Its output goes through a pipe to the logger. */
  readonly isRecorded: boolean;
  /** Longest drain, for one whose master is gone. */
  readonly drainMs: number;
  readonly stopMs: number;
  readonly lingerMs: number;
  readonly logLevel?: string | undefined;
  /** Modules of the user to load first: `--require`, `--import`. */
  readonly require: readonly string[];
  readonly baseDir: string;
  /** How often it says that it lives. */
  readonly beatMs: number;
  /** Undefined: nobody watches its event loop from inside. */
  readonly watchdog?: WatchdogOrders | undefined;
  /** True: it was forked before its time, and user code waits for `go`. */
  readonly isEarly?: boolean;
  /** It will start a new master, and until then this one serves on without any. */
  readonly keeperPid: number | undefined;
  /** True: it boots, and has no place yet: it opens no socket until it is admitted. */
  readonly isSpare?: boolean;
  /** Asked until it answers with 2xx, once something listens. */
  readonly readyPath?: string | undefined;
  /** To be put into argv[2], for a worker file that reads its secrets there. */
  readonly argument?: string | undefined;
  /** True: options come with the `boot` word, not in argv[2]. */
  readonly awaitsOptions: boolean;
}

export interface WatchdogOrders {
  /** So long a silence is too long. */
  readonly limitMs: number;
  /** Where to put what it sees; undefined: nowhere. */
  readonly folder?: string | undefined;
}

/** Set by `start --daemon` for the master it starts. */
export const DAEMON_VARIABLE = 'APP_CLUSTER_DAEMON';
export const BOOT_VARIABLE = 'APP_CLUSTER_BOOT';
/** In every process of a service: `SUP/SVC`. */
export const SERVICE_VARIABLE = 'APP_CLUSTER_SERVICE';
/** Marks a child and all its descendants, so that none is left behind. */
export const MARK_VARIABLE = 'APP_CLUSTER_CHILD';
