// A whole cluster in processes of its own, for tests: starts it, follows its events, and leaves nothing behind.

import { type ChildProcess, spawn } from 'node:child_process';
import type { ClusterEvent, EventOf, EventType, Exit } from '../protocol/events.js';
import { EVENTS_VARIABLE } from '../protocol/testing-words.js';
import { COMMAND_FILE } from '../system/entries.js';
import { freePort } from '../system/free-port.js';
import { Spawned } from './spawned.js';

export interface SpawnOptions {
  /** Default 2. False: none is given, the configuration says. */
  readonly workers?: number | false;
  /** Default: a free one. False: none is given, the program has its own. */
  readonly port?: number | false;
  /** More flags of `app-cluster start`. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** True: `entry` is a program that calls startCluster; it gets the port as PORT and the workers as WORKERS. */
  readonly isScript?: boolean;
  /** Which node to run. Default: this one. */
  readonly node?: string;
  /** How long to wait for the start and for each event. Default 20,000. */
  readonly timeoutMs?: number;
}

export interface SpawnedCluster extends AsyncDisposable {
  /** 0 when none was given. */
  readonly port: number;
  /** The one it is known by: the keeper's, or with --no-keeper and in a script the master's. */
  readonly pid: number;
  /** Of the master that was started last. */
  readonly masterPid: number;
  readonly events: readonly ClusterEvent[];
  /** User messages that the parent received. */
  readonly messages: readonly Record<string, unknown>[];
  /** Resolves when the master has ended. */
  readonly exited: Promise<Exit>;
  /** Pids of the app workers that are ready, by slot. */
  workers(): readonly number[];
  agent(): number | undefined;
  kill(pid: number, signal?: NodeJS.Signals): void;
  /** To the master's channel, as its parent. */
  send(message: unknown): void;
  /** Stops reading what it writes, as a terminal that is closed. */
  closeOutput(): void;
  /** Cuts that channel, as a daemonising parent does. No events come from then on. */
  disconnect(): void;
  /** The next event of that type after the last one waited for. Rejects with the output when it does not come in time. */
  waitFor<T extends EventType>(type: T, where?: (event: EventOf<T>) => boolean): Promise<EventOf<T>>;
  /** The first user message of that action to the parent, past or to come. */
  waitForMessage(action: string): Promise<Record<string, unknown>>;
  /** Everything written so far, stdout and stderr as they came. */
  output(): string;
  stderr(): string;
  /** SIGTERM, then waits. */
  stop(): Promise<Exit>;
}

const TIMEOUT_MS = 20_000;

/** Resolves when the cluster is started; rejects with its output when it ends before. */
export async function spawnCluster(entry: string, options: SpawnOptions = {}): Promise<SpawnedCluster> {
  const spawned = await launchCluster(entry, options);
  try {
    await spawned.waitFor('cluster-started');
    return spawned;
  } catch (error) {
    await spawned[Symbol.asyncDispose]();
    throw error;
  }
}

/** Below the range from which the system takes the ports of clients (Linux: 32768 and above): one of those may be in use the next moment. */
const FIRST_PORT = 20_000;
const MOST_PORTS = 12_000;
const anyStart = () => FIRST_PORT + Math.floor(Math.random() * MOST_PORTS);

/** Given out once: two clusters that start at the same time may be told of the same free port. */
const givenPorts = new Set<number>();

async function unusedPort(): Promise<number> {
  let port = await freePort(anyStart());
  while (givenPorts.has(port)) port = await freePort(anyStart());
  givenPorts.add(port);
  return port;
}

/** The same without waiting: for starts that are to fail. */
export async function launchCluster(entry: string, options: SpawnOptions = {}): Promise<SpawnedCluster> {
  const port = options.port === false ? 0 : (options.port ?? (await unusedPort()));
  return new Spawned(startProcess(entry, port, options), port, options.timeoutMs ?? TIMEOUT_MS);
}

function startProcess(
  entry: string,
  port: number,
  { workers = 2, args = [], env, cwd, isScript = false, node = process.execPath }: SpawnOptions,
): ChildProcess {
  const portFlags = port === 0 ? [] : ['--port', String(port)];
  const command = isScript ? [entry] : [COMMAND_FILE, 'start', entry, ...(workers === false ? [] : ['--workers', String(workers)]), ...portFlags, ...args];
  const { NODE_TEST_CONTEXT: _, ...inherited } = process.env; // Or children of a test report as tests.
  const own = { ...inherited, [EVENTS_VARIABLE]: '1', ...(isScript ? { WORKERS: String(workers), PORT: String(port) } : {}), ...env };
  return spawn(node, command, { env: own, stdio: ['ignore', 'pipe', 'pipe', 'ipc'], ...(cwd === undefined ? {} : { cwd }) });
}
