// The cluster under fault, seen from outside alone: its process, its control socket, its ports, /proc. What it says about itself on a channel to its parent
// is not used here, so that master, keeper and everything else may die at any time.

import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { type Client, connect } from '../../../lib/index.js';
import type { ClusterEvent, EventOf, EventType } from '../../../lib/protocol/events.js';
import type { InstanceStatus, TimedEvent, WorkerStatus } from '../../../lib/protocol/snapshot.js';
import { freePort } from '../../../lib/system/free-port.js';
import { isAlive } from '../../../lib/system/process-tree.js';
import { ask } from '../client.js';
import type { runCommand } from '../command.js';
import { COMMAND, fixture, ROOT } from '../fixtures.js';
import { type Home, home } from '../home.js';
import { commandLineOf, familyOf, parentOf } from './processes.js';

export interface SubjectOptions {
  readonly workers?: number;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** `closed`: all three descriptors are, as under a careless init script. */
  readonly stdio?: 'pipe' | 'closed';
  /** The same home, name and ports as this one, which has ended. */
  readonly after?: Subject;
  /** The port is held by a process above, as by systemd, which starts the cluster so many times. */
  readonly holdSocketFor?: number;
  /** How long the start may take. */
  readonly limitMs?: number;
}

const LIMIT_MS = 20_000;
const POLL_MS = 20;
/** Of 512 bytes: no fault fills the disk. */
const MOST_BLOCKS = 200_000;
const NAME = 'subject';
const HOLDER = join(ROOT, 'test', 'support', 'faults', 'hold-sockets.mjs');
export const APP = fixture('faults/answers-every-load.js');

/** There is no event for what happens in a foreign process: looks again and again, and says what it saw last. */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  { limitMs = LIMIT_MS, isTrue = (seen: Awaited<T>) => Boolean(seen) } = {},
): Promise<Awaited<T>> {
  const end = performance.now() + limitMs;
  for (;;) {
    const seen = await look();
    if (isTrue(seen)) return seen;
    if (performance.now() > end) throw new Error(`${what}: not within ${limitMs} ms, last seen ${JSON.stringify(seen)}`);
    await new Promise(resolve => setTimeout(resolve, POLL_MS));
  }
}

/** A file that takes too long is ended by the runner with SIGTERM: what it has started goes with it. */
process.once('SIGTERM', () => process.exit(1));

const given = new Set<number>();

/** Below the ports that the system gives to connections: a load opens thousands of them. */
async function portOfItsOwn(): Promise<number> {
  for (;;) {
    const port = 12_000 + Math.floor(Math.random() * 18_000);
    if (given.has(port) || (await freePort(port)) !== port) continue;
    given.add(port);
    return port;
  }
}

export class Subject implements AsyncDisposable {
  readonly port: number;
  readonly tlsPort: number;
  readonly home: Home;
  readonly exited: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  readonly #process: ChildProcess;
  readonly #killAll = () => this.left().forEach(pid => void this.kill(pid));
  #output = '';

  constructor(started: ChildProcess, place: Home, [port, tlsPort]: readonly [number, number]) {
    this.#process = started;
    this.home = place;
    this.port = port;
    this.tlsPort = tlsPort;
    process.once('exit', this.#killAll);
    for (const stream of [started.stdout, started.stderr])
      stream?.setEncoding('utf8').on('data', text => {
        this.#output = (this.#output + text).slice(-1_000_000);
      });
    this.exited = new Promise(resolve => started.once('exit', (code, signal) => resolve({ code, signal })));
  }

  /** What the shell sees: the keeper's where there is one, else the master's. */
  get pid(): number {
    return this.#process.pid ?? 0;
  }
  output(): string {
    return this.#output;
  }
  closeOutput(): void {
    this.#process.stdout?.destroy();
    this.#process.stderr?.destroy();
  }

  client(): Promise<Client> {
    return connect(this.home.socket(NAME));
  }
  async status(): Promise<InstanceStatus> {
    return (await this.client()).status();
  }
  /** Undefined while nobody answers. */
  statusIfAny(): Promise<InstanceStatus | undefined> {
    return this.status().catch(() => undefined);
  }
  async ready(): Promise<readonly WorkerStatus[]> {
    return ((await this.statusIfAny())?.workers ?? []).filter(({ status }) => status === 'ready').toSorted((a, b) => a.slot - b.slot);
  }
  /** Resolves when so many workers are ready and none of them is one of `not`. */
  whole(count = 2, not: readonly number[] = [], limitMs = LIMIT_MS): Promise<readonly WorkerStatus[]> {
    const isTrue = (workers: readonly WorkerStatus[]) => workers.length === count && workers.every(({ pid }) => !not.includes(pid));
    return until(`${count} ready workers`, () => this.ready(), { isTrue, limitMs });
  }
  /** A worker's parent, whatever anybody says. */
  async master(): Promise<number> {
    const [worker] = await until('a worker', () => this.ready(), { isTrue: workers => workers.length > 0 });
    return parentOf(worker?.pid ?? 0) ?? 0;
  }
  /** Of the process that the shell sees: masters, where there is a keeper. */
  children(): number[] {
    return this.left().filter(pid => parentOf(pid) === this.pid);
  }
  /** What a balancer in front would ask. */
  async isAccepting(): Promise<boolean> {
    return (await ask({ socketPath: this.home.socket(NAME) }, '/readyz').catch(() => undefined))?.status === 200;
  }
  /** What is known of one kind of fact, oldest first. */
  async facts<T extends EventType>(type: T): Promise<EventOf<T>[]> {
    return (await this.timedFacts(type)).map(({ event }) => event);
  }
  async timedFacts<T extends EventType>(type: T): Promise<TimedEvent<EventOf<T>>[]> {
    const client = await this.client();
    const all: TimedEvent<ClusterEvent>[] = [];
    for await (const fact of client.verbs.events({ follow: false }, new AbortController().signal)) all.push(fact);
    return all.filter((fact): fact is TimedEvent<EventOf<T>> => fact.event.type === type);
  }

  command(...words: string[]): ReturnType<typeof runCommand> {
    return this.home.run(...words);
  }
  kill(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
    try {
      process.kill(pid, signal);
    } catch {} // Gone meanwhile.
  }
  signal(signal: NodeJS.Signals): void {
    this.kill(this.pid, signal);
  }

  /** Everything that lives and descends from it, orphans too. */
  left(): number[] {
    return familyOf('APP_CLUSTER_HOME', this.home.path);
  }
  /** Resolves when nothing does any more. */
  async nothingLeft(limitMs = LIMIT_MS): Promise<void> {
    const named = () => this.left().map(pid => `${pid} ${commandLineOf(pid)}`);
    await until('nothing left', named, { limitMs, isTrue: left => left.length === 0 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#killAll();
    await until('all ended', () => this.left(), {
      isTrue: left => {
        this.#killAll();
        return left.length === 0;
      },
    });
    process.off('exit', this.#killAll);
    this.home[Symbol.dispose]();
  }
}

/** Does not wait for anything. */
export async function launch(entry = APP, { workers = 2, args = [], env = {}, stdio = 'pipe', after, holdSocketFor }: SubjectOptions = {}): Promise<Subject> {
  const ports = after ? ([after.port, after.tlsPort] as const) : ([await portOfItsOwn(), await portOfItsOwn()] as const);
  const place = after?.home ?? home();
  const { NODE_TEST_CONTEXT: _, ...inherited } = process.env;
  const holder = holdSocketFor === undefined ? [] : [process.execPath, HOLDER, String(ports[0]), String(holdSocketFor)];
  const words = [...holder, process.execPath, COMMAND, 'start', entry, '--name', NAME, '--workers', String(workers), '--port', String(ports[0]), ...args];
  const tls = { TLS_PORT: String(ports[1]), KEY: fixture('tls/key.pem'), CERT: fixture('tls/cert.pem') };
  const redirect = stdio === 'closed' ? '<&- >&- 2>&-' : '';
  const started = spawn('sh', ['-c', `ulimit -f ${MOST_BLOCKS}; exec "$@" ${redirect}`, 'sh', ...words], {
    env: { ...inherited, ...place.env, ...tls, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return new Subject(started, place, ports);
}

/** Resolves when all its workers are ready. */
export async function start(entry = APP, options: SubjectOptions = {}): Promise<Subject> {
  const subject = await launch(entry, options);
  try {
    await Promise.race([
      subject.whole(options.workers ?? 2, [], options.limitMs),
      subject.exited.then(exit => Promise.reject(new Error(`it ended: ${JSON.stringify(exit)}`))),
    ]);
    return subject;
  } catch (error) {
    const output = subject.output();
    await subject[Symbol.asyncDispose]();
    throw new Error(`${(error as Error).message}\n${output}`);
  }
}

/** Connections that workers said they held when they misbehaved. */
export const openIn = (subject: Subject): number[] => [...subject.output().matchAll(/^open (\d+)$/gm)].map(([, open]) => Number(open));
export const sumOf = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

export { isAlive, NAME };
