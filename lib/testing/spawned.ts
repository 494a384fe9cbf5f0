// One spawned cluster as its test sees it: events, output, signals. Owns the master's process.

import type { ChildProcess } from 'node:child_process';
import type { ClusterEvent, EventOf, EventType, Exit } from '../protocol/events.js';
import { EVENT_ACTION } from '../protocol/testing-words.js';
import { isAlive } from '../system/process-tree.js';
import type { SpawnedCluster } from './spawn-cluster.js';

const LAST_OUTPUT_MS = 1_000;
/** A runaway child must not fill the memory of the test. */
const MOST_OUTPUT = 4_000_000;

function outputEnd({ stdout, stderr }: ChildProcess): Promise<unknown> {
  const ended = [stdout, stderr].map(stream =>
    stream === null || stream.readableEnded || stream.destroyed ? undefined : new Promise(resolve => stream.once('end', resolve)),
  );
  return Promise.race([Promise.all(ended), new Promise(resolve => setTimeout(resolve, LAST_OUTPUT_MS))]);
}

interface Waiting {
  look(): boolean;
  giveUp(reason: string): void;
}

export class Spawned implements SpawnedCluster {
  readonly port: number;
  readonly events: ClusterEvent[] = [];
  readonly messages: Record<string, unknown>[] = [];
  readonly exited: Promise<Exit>;
  readonly #master: ChildProcess;
  readonly #timeoutMs: number;
  readonly #waiting = new Set<Waiting>();
  readonly #pids = new Set<number>();
  #cursor = 0;
  #output = '';
  #stderr = '';
  #exit: Exit | undefined;

  constructor(master: ChildProcess, port: number, timeoutMs: number) {
    this.#master = master;
    this.port = port;
    this.#timeoutMs = timeoutMs;
    const killAll = () => this.#killLeftovers();
    process.once('exit', killAll);
    master.stdout?.setEncoding('utf8').on('data', text => this.#hear(text));
    master.stderr?.setEncoding('utf8').on('data', text => this.#hear(text, true));
    master.on('message', message => this.#onMessage(message as Record<string, unknown>));
    this.exited = new Promise(resolve => {
      const end = (exit: Exit) => {
        process.off('exit', killAll);
        this.#exit = exit;
        for (const waiting of this.#waiting) waiting.giveUp(`the master ended (code ${exit.code}, signal ${exit.signal})`);
        resolve(exit);
      };
      // Not 'close', which never comes once the channel was cut by us. What the master wrote last is read first, but orphans may hold the pipe.
      master.once('exit', (code, signal) => void outputEnd(master).then(() => end({ code, signal })));
      master.once('error', error => end({ code: null, signal: null, error: error.message }));
    });
  }

  get pid(): number {
    return this.#master.pid ?? 0;
  }

  workers(): readonly number[] {
    return this.#ready('app');
  }
  agent(): number | undefined {
    return this.#ready('agent')[0];
  }

  get masterPid(): number {
    const last = this.events.findLast(event => event.type === 'cluster-starting');
    return last?.type === 'cluster-starting' ? last.pid : this.pid;
  }

  kill(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
    process.kill(pid, signal);
  }
  send(message: unknown): void {
    this.#master.send(message as object);
  }

  closeOutput(): void {
    this.#master.stdout?.destroy();
    this.#master.stderr?.destroy();
  }
  disconnect(): void {
    this.#master.disconnect();
  }

  waitFor<T extends EventType>(type: T, where: (event: EventOf<T>) => boolean = () => true): Promise<EventOf<T>> {
    return this.#wait(type, () => {
      const at = this.events.findIndex((event, index) => index >= this.#cursor && event.type === type && where(event as EventOf<T>));
      if (at >= 0) this.#cursor = at + 1;
      return this.events[at] as EventOf<T> | undefined;
    });
  }

  waitForMessage(action: string): Promise<Record<string, unknown>> {
    return this.#wait(`message ${action}`, () => this.messages.find(message => message['action'] === action));
  }

  output(): string {
    return this.#output;
  }
  stderr(): string {
    return this.#stderr;
  }

  stop(): Promise<Exit> {
    if (this.#exit === undefined) this.#master.kill('SIGTERM');
    return this.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const timer = setTimeout(() => this.#killLeftovers(), this.#timeoutMs);
    await this.stop();
    clearTimeout(timer);
    this.#killLeftovers();
  }

  /** Looks now and after everything that is heard. */
  #wait<T>(what: string, find: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(timer);
        this.#waiting.delete(waiting);
      };
      const waiting: Waiting = {
        look: () => {
          const found = find();
          if (found === undefined) return false;
          end();
          resolve(found);
          return true;
        },
        giveUp: reason => {
          end();
          reject(new Error(`Waited for ${what}: ${reason}. Output:\n${this.#output}`));
        },
      };
      const timer = setTimeout(() => waiting.giveUp(`it did not come within ${this.#timeoutMs} ms`), this.#timeoutMs);
      this.#waiting.add(waiting);
      if (!waiting.look() && this.#exit) waiting.giveUp(`the master had ended (code ${this.#exit.code}, signal ${this.#exit.signal})`);
    });
  }

  #killLeftovers(): void {
    if (this.#exit === undefined) this.#master.kill('SIGKILL');
    for (const pid of [...this.#pids].filter(isAlive)) process.kill(pid, 'SIGKILL');
  }

  #hear(text: string, isError = false): void {
    if (this.#output.length > MOST_OUTPUT) return;
    this.#output += text;
    if (isError) this.#stderr += text;
  }

  #onMessage(message: Record<string, unknown>): void {
    if (message['action'] === EVENT_ACTION) this.#onEvent(message['data'] as ClusterEvent);
    else this.messages.push(message);
    for (const waiting of [...this.#waiting]) waiting.look();
  }

  #onEvent(event: ClusterEvent): void {
    this.events.push(event);
    if (event.type === 'child-forked' && !event.isThread) this.#pids.add(event.pid);
    if (event.type === 'child-left') this.#pids.delete(event.pid);
  }

  #ready(role: 'agent' | 'app'): number[] {
    const bySlot = new Map<number, { readonly pid: number; readonly slot: number }>();
    for (const event of this.events) {
      if (event.type !== 'child-moved' || event.role !== role) continue;
      if (event.to === 'ready') bySlot.set(event.pid, event);
      else bySlot.delete(event.pid);
    }
    return [...bySlot.values()].toSorted((a, b) => a.slot - b.slot).map(({ pid }) => pid);
  }
}
