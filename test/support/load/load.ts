// Load from a process of its own: an event loop that a test shares would be late, and count as a fault of the cluster.

import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { full } from '../faults/fault.js';
import { type Account, countOf, requestsOf } from './account.js';
import type { Order, Tale } from './client-main.js';
import type { LoadName, LoadTarget } from './loads.js';

const MAIN = fileURLToPath(new URL('client-main.js', import.meta.url));
const LONGEST_WAIT_MS = 60_000;

export type Accounts = Readonly<Record<string, Account>>;

export interface Load extends Disposable {
  /** Resolves when each load has had so many answers more than now. */
  more(count: number): Promise<void>;
  /** Resolves when each load has had so many answers altogether. */
  total(count: number): Promise<void>;
  /** What came of it so far, at most 50 ms old. */
  soFar(): Accounts;
  /** Requests under way end first. */
  stop(): Promise<Accounts>;
}

export function startLoad(
  names: readonly LoadName[],
  { port, tlsPort, slowMs = 1_000, ease = full(1, 3) }: Omit<LoadTarget, 'slowMs' | 'ease'> & { slowMs?: number; ease?: number },
): Load {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const client = fork(MAIN, { env, execArgv: [] });
  const order = (what: Order) => client.connected && client.send(what);
  const told = listen(client);
  order({ start: names, target: { port, tlsPort, slowMs, ease } });
  return {
    soFar: () => told.accounts(),
    more: count => {
      const goals = names.map(name => [name, okOf(told.accounts()[name]) + count] as const);
      return told.until(accounts => goals.every(([name, goal]) => okOf(accounts[name]) >= goal));
    },
    total: count => told.until(accounts => names.every(name => okOf(accounts[name]) >= count)),
    stop: async () => {
      order({ stop: true });
      await told.until((_, isLast) => isLast);
      return told.accounts();
    },
    [Symbol.dispose]: () => void client.kill('SIGKILL'),
  };
}

/** Long connections are answered as long as nothing ends them. */
const okOf = (account: Account | undefined) => (account === undefined ? 0 : Math.max(countOf('ok', account), sumOf(account.who)));
const sumOf = (who: Account['who']) => Object.values(who).reduce((sum, count) => sum + count, 0);

type Look = (accounts: Accounts, isLast: boolean) => boolean;

function listen(client: ChildProcess) {
  let tale: Tale = { accounts: {}, isLast: false };
  const waiting = new Set<() => void>();
  const lookAll = () => [...waiting].forEach(look => void look());
  client.on('message', (message: Tale) => {
    tale = message;
    lookAll();
  });
  const text = () =>
    Object.entries(tale.accounts)
      .map(([name, account]) => `${name} ${requestsOf(account)}: ${JSON.stringify(account.counts)}`)
      .join('; ');
  return {
    accounts: () => tale.accounts,
    until: (isTrue: Look) =>
      new Promise<void>((resolve, reject) => {
        const look = () => {
          if (!isTrue(tale.accounts, tale.isLast)) return;
          leave();
          resolve();
        };
        const give = (why: string) => () => {
          leave();
          reject(new Error(`the load ${why}: ${text()}`));
        };
        const onExit = give('client has ended');
        const timer = setTimeout(give(`is not where it should be after ${LONGEST_WAIT_MS} ms`), LONGEST_WAIT_MS);
        const leave = () => {
          clearTimeout(timer);
          waiting.delete(look);
          client.off('exit', onExit);
        };
        waiting.add(look);
        client.once('exit', onExit);
        look();
      }),
  };
}
