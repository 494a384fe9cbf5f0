// App workers: `cluster` workers, forked by cfork. Owns cfork's listeners.
//
// cfork re-forks by itself, at once, from inside its 'disconnect' and 'exit' listeners. Who is forked when is the group's
// decision here, so those listeners are taken off the cluster and called when the group wants a fork: cfork's own
// re-fork then does the work, with its environment (CFORK_WORKER_INDEX, CFORK_WORKER_COUNT) and its lines.

import cluster, { type Worker } from 'node:cluster';
import { format } from 'node:util';
import { ClusterError } from '../errors.js';
import { ChildChannel, framed } from './child-channel.js';
import { failedFork } from './failed-fork.js';
import type { ForkedChild, Forker, ForkPlan, ProgramCommand } from './forker.js';
import { childStdio } from './process-forker.js';
import { requirePackage } from './require-package.js';

const { fork: cfork } = requirePackage<typeof import('cfork')>('cfork');

/** cfork counts re-forks and stops at a limit; the group has its own policy. */
const NO_LIMIT = Number.MAX_SAFE_INTEGER;

type Reflex = (worker: unknown) => void;
export type ForkerSays = (level: 'info' | 'error', text: string) => void;

export interface ClusterForkPlan extends ForkPlan {
  readonly slot: number;
  readonly count: number;
  /** The dead worker this one replaces, for cfork's lines; a first fork has none and says nothing. */
  readonly replacesPid?: number | undefined;
}

export class ClusterForker implements Forker {
  readonly #command: ProgramCommand;
  readonly #says: ForkerSays;
  readonly #reflex: Reflex;
  readonly #early = new Map<string, ChildChannel>();

  /** Throws in a process that is itself a worker of a cluster: it cannot fork any. */
  constructor(command: ProgramCommand, says: ForkerSays) {
    if (cluster.isWorker)
      throw new ClusterError(
        'ERR_NOT_SUPPORTED',
        'This process is itself a worker of a cluster and cannot fork any. Start it by itself; under pm2 in fork mode.',
      );
    this.#command = command;
    this.#says = says;
    this.#reflex = takeReflex(command);
  }

  fork(plan: ClusterForkPlan): ForkedChild {
    try {
      return this.#claim(plan.mark) ?? this.#channel(plan, this.#forkWorker(plan));
    } catch (error) {
      return failedFork(error, plan.mark);
    }
  }

  /** Forks a worker before its time, whose user code waits until it is asked for by its mark: it boots while the agent does. */
  forkEarly(plan: ClusterForkPlan): void {
    try {
      this.#early.set(plan.mark, this.#channel(plan, this.#forkWorker(plan)));
    } catch {} // The fork that is needed will tell.
  }

  /** Those that nobody asked for have run no user code. */
  killEarly(): void {
    for (const early of this.#early.values()) early.signal('SIGKILL');
    this.#early.clear();
  }

  #claim(mark: string): ChildChannel | undefined {
    const early = this.#early.get(mark);
    this.#early.delete(mark);
    return early?.isConnected && early.send(framed({ act: 'go' })) ? early : undefined;
  }

  #channel(plan: ClusterForkPlan, worker: Worker): ChildChannel {
    const channel = new ChildChannel(worker.process, plan.mark, () => (worker as { state?: string }).state ?? 'none');
    const watch = channel.watch.bind(channel);
    channel.watch = listener => {
      watch(listener);
      worker.on('listening', address => listener.onListening(address));
    };
    worker.on('error', () => {}); // The process's own 'error' is heard by the channel; unheard here it would be thrown.
    return channel;
  }

  /** cfork keeps what to fork on the worker that is to be replaced, under two symbols. */
  #forkWorker({ slot, count, env, mark, replacesPid }: ClusterForkPlan): Worker {
    const { file, args, execArgv, cwd, isRecorded, runAs } = this.#command;
    const settings = {
      exec: file,
      args: [...args],
      execArgv: [...execArgv],
      silent: false,
      stdio: childStdio(isRecorded),
      ...(cwd === undefined ? {} : { cwd }),
      ...runAs,
    };
    const environment = { ...this.#command.env, ...env, APP_CLUSTER_CHILD: mark, CFORK_WORKER_INDEX: String(slot), CFORK_WORKER_COUNT: String(count) };
    const vacancy = { isDead: () => false, process: { pid: replacesPid ?? '-' }, state: 'dead', [SETTINGS]: settings, [ENVIRONMENT]: environment };
    const before = new Set(Object.keys(cluster.workers ?? {}));
    const lines = capturingConsole(() => this.#reflex(vacancy));
    const worker = Object.entries(cluster.workers ?? {}).find(([id]) => !before.has(id))?.[1];
    if (worker === undefined) throw new Error('cfork did not fork: is another version than ~2.0.0 installed?');
    if (replacesPid !== undefined) for (const { level, text } of lines) this.#says(level, text);
    return worker;
  }
}

let SETTINGS: symbol = Symbol('unknown');
let ENVIRONMENT: symbol = Symbol('unknown');

/** Starts cfork without a worker and takes its 'disconnect' listener, the one that re-forks without further events. */
function takeReflex(command: ProgramCommand): Reflex {
  const events = ['disconnect', 'exit'] as const;
  const before = new Set(events.flatMap(event => cluster.rawListeners(event)));
  cfork({ exec: command.file, args: [...command.args], execArgv: [...command.execArgv], count: 0, limit: NO_LIMIT, env: {} });
  const [reflex] = events.map(event => {
    const own = cluster.rawListeners(event).find(listener => !before.has(listener));
    if (own) cluster.off(event, own as () => void);
    return own;
  });
  if (reflex === undefined) throw new Error('cfork has no disconnect listener: is another version than ~2.0.0 installed?');
  dropDefaultListeners();
  [SETTINGS, ENVIRONMENT] = symbolsOf(reflex as Reflex);
  return reflex as Reflex;
}

/**
 * At the next setImmediate cfork adds listeners of last resort, among them one for 'uncaughtException' that would keep a
 * broken master alive. A listener already there keeps them away; ours leave again at once afterwards.
 */
function dropDefaultListeners(): void {
  const placeholder = () => {};
  const isAlone = process.listenerCount('uncaughtException') === 0;
  const onUncaught = (error: unknown) => {
    process.off('uncaughtException', onUncaught);
    throw error;
  };
  if (isAlone) process.on('uncaughtException', onUncaught);
  cluster.on('unexpectedExit', placeholder).on('reachReforkLimit', placeholder);
  setImmediate(() => {
    if (isAlone) process.off('uncaughtException', onUncaught);
    cluster.off('unexpectedExit', placeholder).off('reachReforkLimit', placeholder);
  });
}

/** Finds the two private symbols by asking the reflex what it reads. */
function symbolsOf(reflex: Reflex): [symbol, symbol] {
  const read: symbol[] = [];
  const probe = new Proxy(
    { isDead: () => true, process: { pid: '-' } },
    {
      get(target, key) {
        if (typeof key === 'symbol') read.push(key);
        return Reflect.get(target, key);
      },
    },
  );
  capturingConsole(() => reflex(probe));
  const named = (word: string) => read.find(symbol => symbol.description?.includes(word));
  const [settings, environment] = [named('settings'), named('env')];
  if (settings === undefined || environment === undefined) throw new Error('cfork keeps its settings elsewhere: is another version than ~2.0.0 installed?');
  return [settings, environment];
}

interface Line {
  readonly level: 'info' | 'error';
  readonly text: string;
}

/** cfork prints straight to the console; its lines belong into our log. The call is synchronous, so nobody else's are caught. */
function capturingConsole(call: () => void): Line[] {
  const lines: Line[] = [];
  const { info, error } = console;
  const keep =
    (level: Line['level']) =>
    (format_: string, ...values: unknown[]) => {
      lines.push({ level, text: format(format_, ...values).replace(/^\[[^\]]*\] /, '') });
    };
  console.info = keep('info');
  console.error = keep('error');
  try {
    call();
  } finally {
    Object.assign(console, { info, error });
  }
  return lines;
}
