// Connections that stay: server-sent events and upgraded sockets. Each is opened once; it has failed when it is not answered, falls silent or breaks off
// before `until` says that it may end.

import { get } from 'node:http';
import { connect } from 'node:net';
import type { Ledger } from './account.js';
import { HUNG_MS } from './one-request.js';

const PING_MS = 50;

export interface LongLife {
  readonly port: number;
  readonly stopped: Promise<void>;
}

type Settle = (reason: string | undefined) => void;
/** Called with its worker's pid at first, then whenever something is heard. */
type Alive = (pid?: string) => void;

/** Resolves when it is over; `ok` when it lived until it was stopped by us, else `cut` with the moment of its end. */
async function live(ledger: Ledger, { stopped }: LongLife, open: (settle: Settle, alive: Alive) => () => void): Promise<void> {
  let lastAt = performance.now();
  let holder = '?';
  let close = () => {};
  let watch: NodeJS.Timeout | undefined;
  const reason = await new Promise<string | undefined>(resolve => {
    close = open(resolve, pid => {
      if (pid !== undefined) ledger.answeredBy(pid);
      holder = pid ?? holder;
      lastAt = performance.now();
    });
    watch = setInterval(() => performance.now() - lastAt > HUNG_MS && resolve('silent'), PING_MS);
    void stopped.then(() => resolve(undefined));
  });
  clearInterval(watch);
  close();
  if (reason === undefined) return ledger.add('ok', '', 0);
  ledger.ends.push({ pid: holder, at: Date.now() });
  ledger.add(reason === 'silent' ? 'hung' : 'cut', reason, 0);
}

export function serverSentEvents(life: LongLife, ledger: Ledger): Promise<void> {
  return live(ledger, life, (settle, alive) => {
    const request = get({ host: '127.0.0.1', port: life.port, path: '/events', agent: false }, response => {
      alive(String(response.headers['x-pid']));
      response.on('data', () => alive()).once('error', error => settle(error.message));
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
      alive(isFirst ? (/x-pid: (\d+)/.exec(heard)?.[1] ?? '?') : undefined);
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
