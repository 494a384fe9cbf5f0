// The process of the load client: starts what it is told to, tells its counts while it runs, ends with its parent.

import { type Account, Ledger } from './account.js';
import { CLIENTS, type LoadName, type LoadTarget } from './loads.js';

export type Order = { readonly start: readonly LoadName[]; readonly target: LoadTarget } | { readonly stop: true };
export interface Tale {
  readonly accounts: Readonly<Record<string, Account>>;
  readonly isLast: boolean;
}

const TELL_MS = 50;

const ledgers: Record<string, Ledger> = {};
let isOver = false;
let stop = () => {};
const stopped = new Promise<void>(resolve => {
  stop = () => {
    isOver = true;
    resolve();
  };
});

const tell = (isLast: boolean, then?: () => void) => process.send?.({ accounts: ledgers, isLast } satisfies Tale, undefined, undefined, then);

async function run(names: readonly LoadName[], target: LoadTarget): Promise<void> {
  const telling = setInterval(() => tell(false), TELL_MS);
  await Promise.all(
    names.flatMap(name => {
      const ledger = new Ledger();
      ledgers[name] = ledger;
      return CLIENTS[name]({ target, ledger, isOver: () => isOver, stopped });
    }),
  );
  clearInterval(telling);
  tell(true, () => process.disconnect());
}

process.on('message', (order: Order) => {
  if ('start' in order) void run(order.start, order.target);
  else stop();
});
process.on('disconnect', () => process.exit());
