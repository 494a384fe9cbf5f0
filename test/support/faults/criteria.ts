// What a load must have come to. Each also writes its numbers.

import assert from 'node:assert/strict';
import { type Account, countOf, failedOf, requestsOf } from '../load/account.js';
import type { Accounts } from '../load/load.js';
import type { Numbers } from './fault.js';

export function note(numbers: Numbers, accounts: Accounts): void {
  for (const [name, account] of Object.entries(accounts)) {
    const kinds = Object.entries(account.counts).filter(([outcome, count]) => outcome !== 'ok' && count > 0);
    const failures = kinds.length === 0 ? '0F' : kinds.map(([outcome, count]) => `${count} ${outcome}`).join(' ');
    numbers[name] = `${requestsOf(account)}: ${failures}, max ${account.maxMs} ms`;
  }
}

const reasons = (accounts: Accounts) => JSON.stringify(Object.entries(accounts).map(([name, { failures }]) => ({ [name]: failures })));

/** None failed and none hung, of so many at least. */
export function assertNoneFailed(numbers: Numbers, accounts: Accounts, atLeast: number): void {
  note(numbers, accounts);
  assert.equal(failedOf(...Object.values(accounts)), 0, reasons(accounts));
  for (const [name, account] of Object.entries(accounts)) assert.ok(requestsOf(account) >= atLeast, `${name}: ${requestsOf(account)} of ${atLeast} requests`);
}

/** At most so many connections lost, and nobody refused or left hanging. */
export function assertLostAtMost(numbers: Numbers, accounts: Accounts, most: number): void {
  note(numbers, accounts);
  const all: Account[] = Object.values(accounts);
  const lost = countOf('resetFresh', ...all) + countOf('resetReused', ...all) + countOf('cut', ...all);
  numbers['lost'] = lost;
  numbers['open in the dead'] = most;
  assert.ok(lost <= most, `${lost} lost, ${most} were open: ${reasons(accounts)}`);
  assert.equal(failedOf(...all) - lost, 0, reasons(accounts));
}
