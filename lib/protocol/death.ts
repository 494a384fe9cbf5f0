// Why a process is gone, in words: from its exit, from what was done to it, and from what it could still say. Pure.

import type { Cause } from '../lifecycle/child-life.js';
import type { Exit, LastWords } from './events.js';
import { sizeText, spanText } from './quantities.js';
import type { WorkerVitals } from './snapshot.js';

export interface DeathFacts {
  readonly exit: Exit;
  readonly failed?: boolean | undefined;
  readonly wasKilled?: boolean | undefined;
  readonly failedBy?: Cause | undefined;
  /** Undefined: not known. */
  readonly wasReady?: boolean | undefined;
  /** What `app-cluster kill` had sent it. */
  readonly operatorSignal?: string | undefined;
  readonly livedMs?: number | undefined;
  /** The kernel has counted one it killed for want of memory. Undefined: nobody counts here. */
  readonly isOutOfMemory?: boolean | undefined;
  readonly memoryLimitBytes?: number | undefined;
  readonly lastWords?: LastWords | undefined;
  readonly vitals?: WorkerVitals | undefined;
}

export type DeathKind =
  | 'not-forked'
  /** It did not get ready in time, and was told to go. */
  | 'start-timeout'
  /** Its event loop was silent for too long, and it was killed. */
  | 'hang'
  /** It cut its channel, or obeyed a SIGTERM that was not ours. */
  | 'left'
  /** By the kernel. */
  | 'out-of-memory'
  /** Of V8. */
  | 'out-of-heap'
  | 'error'
  | 'refused'
  | 'exit'
  | 'crash'
  | 'signal';

export interface Death {
  readonly kind: DeathKind;
  /** One line. */
  readonly text: string;
}

/** V8 gives up by the first, or by the second on some builds. */
const V8_SIGNALS: readonly string[] = ['SIGABRT', 'SIGTRAP'];

const EXIT_UNCAUGHT = 1;
const EXIT_HANDLER_FAILED = 7;
const EXIT_REFUSED = 78;
/** A shell, and Node for its own children, adds the signal's number to this. */
const EXIT_BY_SIGNAL = 128;
const SIGNAL_NUMBERS: Readonly<Record<number, string>> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  3: 'SIGQUIT',
  4: 'SIGILL',
  5: 'SIGTRAP',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  13: 'SIGPIPE',
  15: 'SIGTERM',
};

/** Shells and Node say no more than a number (Node: process.html#exit-codes). */
const CODES: Readonly<Record<number, string>> = {
  1: 'often an uncaught error',
  7: 'an error while handling an uncaught one',
  9: 'an option of node that it does not know',
  12: 'the port for the inspector was not free',
  13: 'a top-level await that never ended',
  110: 'its master was gone',
  126: 'not executable',
  127: 'not found',
};

/** What native code dies of. */
const CRASHES: Readonly<Record<string, string>> = {
  SIGSEGV: 'it used memory that is not its own',
  SIGBUS: 'it used memory that is not there, or a file that was cut',
  SIGILL: 'an instruction this processor does not know',
  SIGFPE: 'an impossible calculation',
  SIGTRAP: 'V8 or native code stopped itself',
  SIGABRT: 'V8 or native code gave up',
};

export const OUT_OF_HEAP = /heap out of memory|allocation failed - process out of memory/i;
/** So much of its heap in use at the last beat, and then V8 gave up. */
const NEARLY_FULL = 0.9;

export function deathOf(facts: DeathFacts): Death {
  const { exit, failedBy, wasReady, lastWords } = facts;
  if (exit.error !== undefined) return { kind: 'not-forked', text: `could not be forked: ${exit.error}` };
  if (failedBy === 'overdue' && wasReady === false) return { kind: 'start-timeout', text: 'did not get ready in time' };
  if (failedBy === 'overdue' && facts.wasKilled) return { kind: 'hang', text: 'was silent for too long, and was killed' };
  const signal = exit.signal ?? signalOf(exit.code);
  if (signal !== undefined) return bySignal(signal, facts);
  if (exit.code === EXIT_REFUSED) return { kind: 'refused', text: 'exit code 78: it asks not to be started again (configuration)' };
  const isByError = exit.code === EXIT_UNCAUGHT || exit.code === EXIT_HANDLER_FAILED;
  if (isByError && lastWords?.error !== undefined) return { kind: 'error', text: `uncaught ${errorLine(lastWords.error)}` };
  const meaning = exit.code === null ? undefined : CODES[exit.code];
  const text = `exit code ${exit.code}${meaning === undefined ? '' : ` (${meaning})`}`;
  if (failedBy !== 'quit') return { kind: 'exit', text };
  const { operatorSignal } = facts;
  const why = operatorSignal === undefined ? 'by itself, it had cut its channel or got a SIGTERM from outside' : `${operatorSignal} by app-cluster kill`;
  return { kind: 'left', text: `${text}: ${why}` };
}

function signalOf(code: number | null): string | undefined {
  return code === null ? undefined : SIGNAL_NUMBERS[code - EXIT_BY_SIGNAL];
}

function bySignal(signal: string, facts: DeathFacts): Death {
  const name = facts.exit.signal === null ? `exit code ${facts.exit.code}, ${signal}` : signal;
  if (isHeapFull(signal, facts)) return { kind: 'out-of-heap', text: `${name}: out of heap memory (--node-option=--max-old-space-size=MiB raises V8's limit)` };
  const crash = CRASHES[signal];
  if (crash !== undefined) return { kind: 'crash', text: `${name}: ${crash}${signal === 'SIGABRT' ? ', often out of heap memory' : ''}` };
  if (facts.wasKilled) return { kind: 'signal', text: `${name} by the master: it did not end when it was told to` };
  if (facts.operatorSignal === signal) return { kind: 'signal', text: `${name} by app-cluster kill` };
  if (facts.failed === false) return { kind: 'signal', text: name };
  if (signal !== 'SIGKILL') return { kind: 'signal', text: `ended by ${name} from outside` };
  if (facts.isOutOfMemory) return { kind: 'out-of-memory', text: `killed by the kernel: out of memory${limitText(facts)}` };
  const orElse = facts.isOutOfMemory === undefined ? ', or by the kernel for want of memory' : '';
  return { kind: 'signal', text: `killed by ${name} from outside${orElse}` };
}

function limitText({ memoryLimitBytes }: DeathFacts): string {
  return memoryLimitBytes === undefined ? '' : ` (limit ${sizeText(memoryLimitBytes)})`;
}

/** V8 says so on the descriptor itself, which is in the log; a worker's own lines seldom have it. */
function isHeapFull(signal: string, { lastWords, vitals }: DeathFacts): boolean {
  if (!V8_SIGNALS.includes(signal)) return false;
  const said = [...(lastWords?.lines ?? []), lastWords?.error ?? ''];
  const isNearlyFull = vitals?.heapLimitBytes !== undefined && vitals.heapUsedBytes >= NEARLY_FULL * vitals.heapLimitBytes;
  return isNearlyFull || said.some(line => OUT_OF_HEAP.test(line));
}

const ERROR_NAME = /^(?:Uncaught )?[\w$.]*(?:Error|Exception)\b/;
const MOST_FRAMES = 3;
const LONGEST_LINE = 500;

/** `TypeError: x is not a function`. */
function errorLine(error: string): string {
  return errorLines(error)[0] ?? 'error';
}

/** Name and message, and where: the first lines of the stack. */
export function errorLines(error: string): readonly string[] {
  const lines = error
    .split('\n')
    .filter(line => line.trim() !== '')
    .map(line => line.slice(0, LONGEST_LINE));
  const first = lines.find(line => ERROR_NAME.test(line)) ?? lines[0] ?? 'error'; // A syntax error's stack begins with the code.
  const isFrame = (line: string) => /^\s+at /.test(line);
  return [first, ...lines.filter(isFrame).slice(0, MOST_FRAMES)];
}

/** What it wrote to its log may say more. */
export function mayBeOutOfHeap(facts: DeathFacts): boolean {
  return V8_SIGNALS.includes(facts.exit.signal ?? signalOf(facts.exit.code) ?? '');
}

/** `failed while starting: exit code 1`, `died after 3 m 12 s: uncaught TypeError: …`. */
export function deathText(facts: DeathFacts): string {
  const { wasReady, livedMs } = facts;
  const when = wasReady === false ? 'failed while starting' : `died${livedMs === undefined ? '' : ` after ${spanText(livedMs)}`}`;
  return `${when}: ${deathOf(facts).text}`;
}
