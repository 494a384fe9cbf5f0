// Services under fault, seen from outside alone: their processes, their ports, the control socket of the supervisor, /proc. Supervisors may die at
// any time; another one takes their place.

import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from '../../../lib/index.js';
import type { ClusterEvent, EventOf, EventType } from '../../../lib/protocol/events.js';
import type { ServiceStatus } from '../../../lib/protocol/service-status.js';
import type { TimedEvent } from '../../../lib/protocol/snapshot.js';
import { freePort } from '../../../lib/system/free-port.js';
import type { Ended } from '../command.js';
import { COMMAND } from '../fixtures.js';
import { type Project, project } from '../services.js';
import { commandLineOf, familyOf } from './processes.js';
import { until } from './subject.js';

/** Of 512 bytes: no fault fills the disk. */
const MOST_BLOCKS = 400_000;

/** One `app-cluster up` in the foreground. */
export interface Up {
  readonly pid: number;
  readonly exited: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  output(): string;
}

export class Services implements AsyncDisposable {
  readonly project: Project;
  #latest: Up | undefined;

  constructor(services: Readonly<Record<string, unknown>>, more?: Readonly<Record<string, unknown>>) {
    this.project = project(services, more);
    process.once('exit', this.#killAll);
  }

  get folder(): string {
    return this.project.folder;
  }
  get file(): string {
    return join(this.folder, 'app-cluster.services.json');
  }
  /** What it said in the foreground. */
  output(): string {
    return this.#latest?.output() ?? '';
  }
  log(): string {
    return this.project.home.log('sup');
  }

  /** Waits for nothing. @param before said to the shell */
  launch({ words = ['--name', 'sup'], before = '' }: { readonly words?: readonly string[]; readonly before?: string } = {}): Up {
    const { NODE_TEST_CONTEXT: _, ...inherited } = process.env;
    const started = spawn('sh', ['-c', `ulimit -f ${MOST_BLOCKS}; ${before} exec "$@"`, 'sh', process.execPath, COMMAND, 'up', this.file, ...words], {
      cwd: this.folder,
      env: { ...inherited, ...this.project.home.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [started.stdout, started.stderr])
      stream.setEncoding('utf8').on('data', text => {
        output = (output + text).slice(-1_000_000);
      });
    const exited = new Promise<{ code: number | null; signal: string | null }>(resolve => started.once('exit', (code, signal) => resolve({ code, signal })));
    this.#latest = { pid: started.pid ?? 0, exited, output: () => output };
    return this.#latest;
  }

  /** Resolves when everything that is wanted runs, or has failed. */
  async up(options: Parameters<Services['launch']>[0] = {}): Promise<Up> {
    const up = this.launch(options);
    const over = up.exited.then(exit => Promise.reject(new Error(`it ended: ${JSON.stringify(exit)}\n${up.output()}`)));
    await Promise.race([this.fact('supervisor-started', () => true), over]);
    return up;
  }

  client(name = 'sup'): ReturnType<typeof connect> {
    return connect(this.project.home.socket(name));
  }
  async services(): Promise<readonly ServiceStatus[]> {
    return (await this.client()).verbs.services({});
  }
  async service(name: string): Promise<ServiceStatus> {
    const found = (await this.services()).find(status => status.name === name);
    if (found === undefined) throw new Error(`there is no service ${name}`);
    return found;
  }
  /** Resolves when the service is so. */
  until(name: string, isTrue: (status: ServiceStatus) => boolean, limitMs = 20_000): Promise<ServiceStatus> {
    const look = () => this.service(name).catch(() => undefined);
    return until(`${name} as it should be`, look, { limitMs, isTrue: seen => seen !== undefined && isTrue(seen) }) as Promise<ServiceStatus>;
  }

  /** What has been told so far of one kind, oldest first. */
  async facts<T extends EventType>(type: T, name?: string): Promise<EventOf<T>[]> {
    const all: TimedEvent<ClusterEvent>[] = [];
    for await (const fact of (await this.client(name)).verbs.events({ follow: false }, new AbortController().signal)) all.push(fact);
    return all.flatMap(({ event }) => (event.type === type ? [event as EventOf<T>] : []));
  }
  /** Resolves with the first such fact, told already or not. */
  async fact<T extends EventType>(type: T, is: (event: EventOf<T>) => boolean, limitMs = 20_000, name = 'sup'): Promise<EventOf<T>> {
    const look = async () => (await this.facts(type, name).catch(() => [])).find(is);
    return (await until(`${type} told`, look, { limitMs })) as EventOf<T>;
  }

  run(...words: string[]): Promise<Ended> {
    return this.project.run(...words);
  }

  /** Live processes of one service, whoever started them. */
  processesOf(service: string, name = 'sup'): number[] {
    const own = new Set(this.left());
    return familyOf('APP_CLUSTER_SERVICE', `${name}/${service}`).filter(pid => own.has(pid));
  }
  /** Everything that lives and descends from what was started here, orphans too. */
  left(): number[] {
    return familyOf('APP_CLUSTER_HOME', this.project.home.path);
  }
  async nothingLeft(limitMs = 10_000): Promise<void> {
    const named = () => this.left().map(pid => `${pid} ${commandLineOf(pid)}`);
    await until('nothing left', named, { limitMs, isTrue: left => left.length === 0 });
  }

  readonly #killAll = () => this.left().forEach(pid => void kill(pid));

  async [Symbol.asyncDispose](): Promise<void> {
    const left = () => {
      this.#killAll();
      return this.left();
    };
    await until('all ended', left, { isTrue: pids => pids.length === 0 });
    process.off('exit', this.#killAll);
    this.project.home[Symbol.dispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export function kill(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  if (pid <= 1) return; // A group, or everybody.
  try {
    process.kill(pid, signal);
  } catch {} // Gone meanwhile.
}

/** Twenty ports that hardly another test asks for, below those that the system gives to connections. */
export function range(): { readonly from: number; readonly to: number } {
  const from = 10_000 + Math.floor(Math.random() * 1_000) * 20;
  return { from, to: from + 19 };
}

/** One that nobody has now. */
export async function onePort(): Promise<number> {
  for (;;) {
    const { from } = range();
    if ((await freePort(from)) === from) return from;
  }
}
