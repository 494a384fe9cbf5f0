// Real egg applications, installed by install-eggs.mjs, and egg's own tools.

import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type SpawnedCluster, spawnCluster } from '../../lib/testing.js';
import { bodyOf } from './client.js';
import { fixture, ROOT } from './fixtures.js';

export interface Stack {
  readonly alias: string;
  /** The package that has mm.cluster(). */
  readonly mock: string;
  /** The command that starts and stops in production. */
  readonly scripts: string;
}

export const STACKS: Readonly<Record<string, Stack>> = JSON.parse(readFileSync(fixture('real-egg/stacks.json'), 'utf8'));
export const eggFolder = (name: string): string => join(ROOT, '.tmp', 'eggs', name);

export interface Seen {
  readonly pid: number;
  readonly threadId: number;
  readonly agents: readonly number[];
  readonly heard: readonly { readonly agent: number; readonly apps: readonly number[]; readonly asked: number | string }[];
  readonly counts: { readonly logReload: number; readonly worker: number; readonly all: number; readonly ready: number };
}

const ENVIRONMENT = { NODE_ENV: 'production', EGG_SERVER_ENV: 'prod' };

/** Its logs stay in its folder, whichever of these a tool looks at. */
function home(cwd: string) {
  const path = join(cwd, 'home');
  return { HOME: path, EGG_HOME: path, MOCK_HOME_DIR: path };
}

/** `require('egg').startCluster` with two workers. */
export function startEgg(name: string, options: Record<string, unknown> = {}): Promise<SpawnedCluster> {
  const cwd = eggFolder(name);
  const env = { ...ENVIRONMENT, ...home(cwd), OPTIONS: JSON.stringify(options) };
  return spawnCluster(join(cwd, 'start.cjs'), { isScript: true, cwd, env, timeoutMs: 60_000 });
}

export const seenBy = async (port: number): Promise<Seen> => JSON.parse(await bodyOf(port));

/** Asks until an answer is as wanted, for at most 20 s: what it waits for may need a schedule or a message. */
export async function seenWhere(port: number, isWanted: (seen: Seen) => boolean): Promise<Seen> {
  const body = await until(
    () => bodyOf(port),
    text => isWanted(JSON.parse(text)),
  );
  return JSON.parse(body);
}

export const answers = (port: number, path: string, expected: string): Promise<string> =>
  until(
    () => bodyOf(port, path),
    body => body === expected,
  );

async function until(ask: () => Promise<string>, isWanted: (body: string) => boolean): Promise<string> {
  for (const end = performance.now() + 20_000; ; ) {
    const body = await ask();
    if (isWanted(body)) return body;
    if (performance.now() > end) throw new Error(`not within 20 s: ${body}`);
  }
}

/** Nobody listens there, at the latest after 10 s: some tools end before what they started does. */
export async function refused(port: number): Promise<void> {
  for (const until = performance.now() + 10_000; performance.now() < until; ) {
    const code = await bodyOf(port).then(
      () => 'answered',
      (error: NodeJS.ErrnoException) => error.code,
    );
    if (code === 'ECONNREFUSED') return;
  }
  throw new Error(`port ${port} still answers`);
}

/** A command of egg's, as typed in the application's folder; in a process group of its own, as a terminal would have it. */
export class Tool implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  #output = '';
  #onOutput = () => {};

  constructor(name: string, command: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const cwd = eggFolder(name);
    const [bin = '', ...args] = command;
    const { NODE_TEST_CONTEXT: _, NODE_ENV: __, ...inherited } = process.env;
    const own = { ...inherited, ...home(cwd), ...env };
    this.child = spawn(process.execPath, [join(cwd, 'node_modules', '.bin', bin), ...args], {
      cwd,
      env: own,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', text => {
        this.#output += text;
        this.#onOutput();
      });
    }
    this.exited = new Promise(resolve => this.child.once('exit', resolve));
  }

  get output(): string {
    return this.#output;
  }

  /** Rejects with the output when the command ends without having said it, or after 40 s. */
  says(expected: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const fail = (why: string) => reject(new Error(`${why} ${expected}. Output:\n${this.#output}`));
      const timer = setTimeout(() => fail('40 s without'), 40_000);
      this.#onOutput = () => {
        const match = expected.exec(this.#output);
        if (match) resolve(match);
        if (match) clearTimeout(timer);
      };
      this.#onOutput();
      void this.exited.then(() => setTimeout(() => fail('It ended without'), 500).unref());
    });
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }
  /** As a terminal does. */
  signalGroup(name: NodeJS.Signals): void {
    process.kill(-(this.child.pid ?? 0), name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.signalGroup('SIGKILL');
    await this.exited;
  }
}
