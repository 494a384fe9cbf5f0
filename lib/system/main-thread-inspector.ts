// Looks at this process's main thread from another thread while it is blocked: its stack, and what it does for a while.
//
// `Session.connectToMainThread()` is public; what is not written anywhere is that it reaches a thread that never returns to its event loop
// (V8 interrupts it), opens no port, and that the main thread must not end while a session is connected: it would wait for the debugger.
// Code that is not JavaScript is not interrupted: nothing answers then, and every question has a limit. Where a Node is built without
// inspector, nothing is seen. A thread that ends right after its session was closed aborts the process (6 of 18 runs on Node 20, 24 and 26, 0 of 6 on 22), so the
// one that looks must live on; ending the process while it looks does no harm (0 of 60).

import type { Session } from 'node:inspector';
import { fileURLToPath } from 'node:url';
import { type Clock, systemClock } from './clock.js';
import { requirePackage } from './require-package.js';

const MOST_FRAMES = 30;
const LONGEST_NAME = 200;
const SAMPLE_US = 1_000;

export interface SeenFrame {
  readonly functionName: string;
  readonly url: string;
  readonly location: { readonly scriptId: string; readonly lineNumber: number; readonly columnNumber?: number | undefined };
}

export interface MainThreadSight {
  /** Innermost first: `checkout (/srv/app/cart.js:41:9)`. Undefined: it runs no JavaScript. */
  stack(): Promise<readonly string[] | undefined>;
  /** A CPU profile as text; undefined: it was not to be had. */
  profile(ms: number): Promise<string | undefined>;
  /** Must be called: a process whose main thread is looked at does not end. */
  close(): void;
}

/** Undefined: this Node cannot. @param limitMs for every answer */
export function openMainThread(limitMs: number, clock: Clock = systemClock): MainThreadSight | undefined {
  try {
    const { Session } = requirePackage<typeof import('node:inspector')>('node:inspector');
    const session = new Session();
    session.connectToMainThread();
    return new Sight(session, limitMs, clock);
  } catch {
    return undefined;
  }
}

class Sight implements MainThreadSight {
  readonly #session: Session;
  readonly #limitMs: number;
  readonly #clock: Clock;

  constructor(session: Session, limitMs: number, clock: Clock) {
    this.#session = session;
    this.#limitMs = limitMs;
    this.#clock = clock;
  }

  async stack(): Promise<readonly string[] | undefined> {
    const session = this.#session;
    const urls = new Map<string, string>();
    session.on('Debugger.scriptParsed', ({ params: { scriptId, url } }) => urls.set(scriptId, url));
    const paused = new Promise<readonly SeenFrame[]>(resolve => {
      session.once('Debugger.paused', ({ params: { callFrames } }) => resolve(callFrames));
    });
    if ((await this.#ask('Debugger.enable')) === undefined) return undefined;
    if ((await this.#ask('Debugger.pause')) === undefined) return undefined;
    const frames = await this.#within(paused, this.#limitMs);
    void this.#ask('Debugger.resume');
    await this.#ask('Debugger.disable');
    session.removeAllListeners('Debugger.scriptParsed');
    return frames?.slice(0, MOST_FRAMES).map(frame => frameText(frame, urls));
  }

  async profile(ms: number): Promise<string | undefined> {
    if ((await this.#ask('Profiler.enable')) === undefined) return undefined;
    await this.#ask('Profiler.setSamplingInterval', { interval: SAMPLE_US });
    if ((await this.#ask('Profiler.start')) === undefined) return undefined;
    await this.#within(new Promise(() => {}), ms);
    const answer = (await this.#ask('Profiler.stop')) as { readonly profile?: object } | undefined;
    void this.#ask('Profiler.disable');
    return answer?.profile && JSON.stringify(answer.profile);
  }

  close(): void {
    this.#session.disconnect();
  }

  /** Undefined: no answer in time, or a refusal. */
  #ask(method: string, params: object = {}): Promise<object | undefined> {
    const answered = new Promise<object | undefined>(resolve => {
      this.#session.post(method, params, (error, result) => resolve(error ? undefined : (result ?? {})));
    });
    return this.#within(answered, this.#limitMs);
  }

  #within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
    return new Promise(resolve => {
      const cancel = this.#clock.after(ms, () => resolve(undefined));
      void promise.then(value => {
        cancel();
        resolve(value);
      });
    });
  }
}

/** Lines and columns count from 0 in the protocol. */
export function frameText({ functionName, url, location }: SeenFrame, urls: ReadonlyMap<string, string> = new Map()): string {
  const { scriptId, lineNumber, columnNumber = 0 } = location;
  const place = `${pathOf(url || (urls.get(scriptId) ?? ''))}:${lineNumber + 1}:${columnNumber + 1}`;
  return `${(functionName || '(anonymous)').slice(0, LONGEST_NAME)} (${place})`;
}

function pathOf(url: string): string {
  try {
    return url.startsWith('file:') ? fileURLToPath(url) : url || '(unknown)';
  } catch {
    return url;
  }
}

/** Somebody has opened this process's inspector: what stands still stands at a breakpoint. */
export function isInspected(): boolean {
  try {
    return requirePackage<typeof import('node:inspector')>('node:inspector').url() !== undefined;
  } catch {
    return false;
  }
}
