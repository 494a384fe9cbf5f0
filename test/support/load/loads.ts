// The kinds of load, and how each client of them behaves. All run in the client's process.

import { Agent, type ClientRequest } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import type { Ledger } from './account.js';
import { serverSentEvents, upgradedSocket } from './long-lives.js';
import { type Asked, ask, HUNG_MS } from './one-request.js';

export const LOADS = {
  L1: '16 clients, a new connection for each request, 10 ms pace',
  L2: '60 clients without a pause, 5 ms of processor each',
  L3: '32 kept-alive clients, 20 ms pace',
  L4: '8 clients, slow answers',
  L5: '8 clients, 64 KB uploaded in pieces',
  L6: '4 server-sent event streams, 4 upgraded sockets',
  L7: 'TLS: 6 clients with new connections, 10 kept alive, 20 ms pace',
} as const;
export type LoadName = keyof typeof LOADS;

export interface LoadTarget {
  readonly port: number;
  readonly tlsPort?: number | undefined;
  /** Of L4 and L5. */
  readonly slowMs: number;
  /** Paces are so many times as long: in `npm test` others want the processors too. */
  readonly ease: number;
}

/** Shared by the clients of one load. */
export interface Running {
  readonly target: LoadTarget;
  readonly ledger: Ledger;
  readonly isOver: () => boolean;
  readonly stopped: Promise<void>;
}

const UPLOAD_BYTES = 65_536;
const PIECES = 16;

const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms));
const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, index) => make(index));

/** Asks again and again, at its pace. */
async function repeat({ target, ledger, isOver }: Running, asked: Asked, paceMs: number): Promise<void> {
  const easedMs = paceMs * target.ease;
  await pause(Math.random() * easedMs);
  while (!isOver()) {
    const outcome = await ask(asked, ledger);
    if (outcome === 'refused') await pause(20); // Or it would do nothing else.
    if (easedMs > 0) await pause(easedMs);
  }
}

async function keptAlive(running: Running, asked: Omit<Asked, 'agent'>, paceMs: number): Promise<void> {
  const agent = asked.isTls ? new TlsAgent({ keepAlive: true, maxSockets: 1 }) : new Agent({ keepAlive: true, maxSockets: 1 });
  await repeat(running, { ...asked, agent }, paceMs);
  agent.destroy();
}

function inPieces(slowMs: number): (request: ClientRequest) => void {
  return request => {
    let sent = 0;
    const piece = Buffer.alloc(UPLOAD_BYTES / PIECES, 'x');
    const timer = setInterval(() => {
      if (request.destroyed) return clearInterval(timer);
      sent++;
      request.write(piece);
      if (sent < PIECES) return;
      clearInterval(timer);
      request.end();
    }, slowMs / PIECES);
  };
}

export const CLIENTS: Readonly<Record<LoadName, (running: Running) => Promise<void>[]>> = {
  L1: running => times(16, () => repeat(running, { port: running.target.port, path: '/' }, 10)),
  L2: running => times(60, () => repeat(running, { port: running.target.port, path: '/?block=5' }, 0)),
  L3: running => times(32, () => keptAlive(running, { port: running.target.port, path: '/' }, 20)),
  L4: running => {
    const { port, slowMs } = running.target;
    return times(8, () => repeat(running, { port, path: `/?ms=${slowMs}`, limitMs: slowMs + HUNG_MS }, 10));
  },
  L5: running => {
    const { port, slowMs } = running.target;
    const asked = { port, path: '/', upload: inPieces(slowMs), expected: String(UPLOAD_BYTES), limitMs: slowMs + HUNG_MS };
    return times(8, () => repeat(running, asked, 10));
  },
  L6: running => {
    const life = { port: running.target.port, stopped: running.stopped };
    return times(8, index => (index % 2 === 0 ? serverSentEvents(life, running.ledger) : upgradedSocket(life, running.ledger)));
  },
  L7: running => {
    const asked = { port: running.target.tlsPort ?? 0, path: '/', isTls: true };
    return times(16, index => (index < 6 ? repeat(running, asked, 20) : keptAlive(running, asked, 20)));
  },
};
