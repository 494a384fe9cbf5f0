// Connections that stay: server-sent events and upgraded sockets. Each is opened once; it has failed when it is not answered, falls silent or breaks off
// before `until` says that it may end.

import { get } from 'node:http';
import { connect } from 'node:net';
import type { Ledger } from './account.js';
import { HUNG_MS } from './one-request.js';

const PING_MS = 50;

export interface LongLife {
  readonly port: number;
  /** When the owner's mark came, by this process's clock. */
  readonly markedAt: () => number | undefined;
  readonly stopped: Promise<void>;
}

type Settle = (reason: string | undefined) => void;

/** Resolves when it is over; `ok` when it lived until it was stopped by us, else `cut` with the length of its life since the mark. */
async function live(ledger: Ledger, { markedAt, stopped }: LongLife, open: (settle: Settle, alive: () => void) => () => void): Promise<void> {
  const startedAt = performance.now();
  let lastAt = startedAt;
  let close = () => {};
  let watch: NodeJS.Timeout | undefined;
  const reason = await new Promise<string | undefined>(resolve => {
    close = open(resolve, () => {
      lastAt = performance.now();
    });
    watch = setInterval(() => performance.now() - lastAt > HUNG_MS && resolve('silent'), PING_MS);
    void stopped.then(() => resolve(undefined));
  });
  clearInterval(watch);
  close();
  const endedAt = performance.now();
  if (reason === undefined) return ledger.add('ok', '', 0);
  ledger.livesMs.push(Math.round(endedAt - (markedAt() ?? startedAt)));
  ledger.add(reason === 'silent' ? 'hung' : 'cut', reason, 0);
}

export function serverSentEvents(life: LongLife, ledger: Ledger): Promise<void> {
  return live(ledger, life, (settle, alive) => {
    const request = get({ host: '127.0.0.1', port: life.port, path: '/events', agent: false }, response => {
      ledger.answeredBy(String(response.headers['x-pid']));
      response.on('data', alive).once('error', error => settle(error.message));
      response.once('end', () => settle('ended'));
    });
    request.on('error', error => settle(error.message));
    return () => request.destroy();
  });
}

/** A WebSocket as far as a server that drains can see: an upgraded socket that carries bytes both ways. */
export function upgradedSocket(life: LongLife, ledger: Ledger): Promise<void> {
  return live(ledger, life, (settle, alive) => {
    const socket = connect(life.port, '127.0.0.1');
    let heard = '';
    socket.write('GET /echo HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    socket.setEncoding('latin1').on('data', text => {
      const isFirst = heard === '';
      heard = (heard + text).slice(-200);
      if (isFirst) ledger.answeredBy(/x-pid: (\d+)/.exec(heard)?.[1] ?? '?');
      alive();
    });
    const pinging = setInterval(() => heard !== '' && socket.write('ping'), PING_MS);
    const end = (reason: string) => {
      clearInterval(pinging);
      settle(reason);
    };
    socket.on('error', error => end(error.message)).once('close', () => end('closed'));
    return () => socket.destroy();
  });
}
