// Agent and app workers as threads of the master's process (`startMode: 'worker_threads'`), behind the interface of a forked child.
//
// SIGTERM becomes a word, SIGKILL becomes terminate(). An error that nobody caught ends its thread and no other. What no
// interface can keep apart: process.abort(), a crash of native code, and process.kill(process.pid) end all of them.

import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { Exit } from '../protocol/events.js';
import { CMD } from '../protocol/words.js';
import { environmentWith } from './environment.js';
import { failedFork } from './failed-fork.js';
import type { ChildListener, ForkedChild, Forker, ForkPlan, ProgramCommand } from './forker.js';
import { CONTROL_KEY } from './thread-line.js';

export class ThreadForker implements Forker {
  readonly #command: ProgramCommand;

  constructor(command: ProgramCommand) {
    this.#command = command;
  }

  fork(plan: ForkPlan): ForkedChild {
    try {
      return new ThreadChild(this.#command, plan);
    } catch (error) {
      return failedFork(error, plan.mark);
    }
  }
}

/** Options of the whole process (V8's, the inspector's) are refused for a thread, and hold for it anyway. */
function threadOptions(execArgv: readonly string[]): string[] {
  const takesModule = (option: string | undefined) => /^(-r|--require|--import|--loader|--experimental-loader|-C|--conditions)$/.test(option ?? '');
  return execArgv.filter((option, index) => takesModule(option) || takesModule(execArgv[index - 1]));
}

class ThreadChild implements ForkedChild {
  readonly mark: string;
  readonly pid: number;
  readonly isThread = true;
  readonly inspectorPort = undefined;
  readonly #worker: Worker;
  readonly #control: MessagePort;
  #listener: ChildListener | undefined;
  #exit: Exit | undefined;
  state = 'none';

  constructor({ file, args, execArgv, env }: ProgramCommand, { env: more, mark, args: own }: ForkPlan) {
    const { port1, port2 } = new MessageChannel();
    this.mark = mark;
    this.#control = port1;
    this.#worker = new Worker(file, {
      argv: [...(own ?? args)],
      execArgv: threadOptions(execArgv),
      env: environmentWith({ ...env, ...more, APP_CLUSTER_CHILD: mark }),
      workerData: { [CONTROL_KEY]: port2 },
      transferList: [port2],
      name: mark,
    });
    this.pid = this.#worker.threadId;
    this.#worker.once('online', () => {
      this.state = 'online';
    });
    this.#worker.on('error', error => this.#listener?.onError(error instanceof Error ? error : new Error(String(error))));
    this.#worker.once('exit', code => this.#onExit({ code, signal: null }));
  }

  get isConnected(): boolean {
    return this.#exit === undefined;
  }

  /** What it spawned is a child of the whole process: known by its mark alone. */
  descendants(): readonly [] {
    return [];
  }

  watch(listener: ChildListener): void {
    this.#listener = listener;
    this.#worker.on('message', message => listener.onMessage(message));
    this.#control.on('message', message => {
      if (typeof message !== 'object' || message === null) return;
      if ((message as { act?: unknown }).act === 'listening') this.state = 'listening';
      listener.onInternal(message as Record<string, unknown>);
    });
  }

  /** A socket does not travel between threads; its descriptor is valid in all of them, and the thread makes a copy of its own. */
  send(message: unknown, handle?: unknown): boolean {
    if (!this.isConnected) return false;
    const isInternal = typeof (message as { cmd?: unknown }).cmd === 'string' && String((message as { cmd: string }).cmd).startsWith('NODE_');
    try {
      if (isInternal) this.#control.postMessage(handle === undefined ? message : { ...(message as object), fd: (handle as { fd?: number }).fd });
      else this.#worker.postMessage(message);
      return true;
    } catch {
      return false; // Cannot be copied.
    }
  }

  signal(name: NodeJS.Signals): void {
    if (!this.isConnected) return;
    if (name === 'SIGKILL') void this.#worker.terminate();
    else this.send({ cmd: CMD, act: 'signal' });
  }

  #onExit(exit: Exit): void {
    this.#exit = exit;
    this.state = 'dead';
    this.#control.close();
    queueMicrotask(() => {
      this.#listener?.onExit(exit);
      this.#listener?.onSettled();
    });
  }
}
