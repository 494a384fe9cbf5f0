import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { clientKey, rendezvous } from '../../lib/lifecycle/balance.js';

const v4 = Array.from({ length: 10_000 }, (_, i) => `10.${i >> 8}.${i & 255}.${(i * 7) & 255}`);
const v6 = Array.from({ length: 10_000 }, (_, i) => clientKey(`2001:db8:${(i >> 8).toString(16)}:${(i & 255).toString(16)}::1`));

for (const [title, clients] of [
  ['IPv4', v4],
  ['IPv6', v6],
] as const) {
  for (const workers of [2, 3, 4, 8, 10]) {
    test(`10,000 ${title} clients spread over ${workers} workers: the fullest has at most 10 % more than the mean`, () => {
      const load = Array<number>(workers).fill(0);
      for (const client of clients) load.splice(rendezvous(client, load.keys()) ?? assert.fail(), 1, (load[rendezvous(client, load.keys()) ?? 0] ?? 0) + 1);
      assert.ok(Math.max(...load) / (clients.length / workers) <= 1.1, load.join(' '));
    });
  }
}

test("a slot's absence moves only its own clients, its return moves them back", () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 2, max: 10 }), fc.nat(), (client, size, n) => {
      const slots = Array.from({ length: size }, (_, i) => i);
      const home = rendezvous(client, slots);
      const missing = n % size;
      const meanwhile = rendezvous(
        client,
        slots.filter(slot => slot !== missing),
      );
      if (home !== missing) assert.equal(meanwhile, home);
      else assert.notEqual(meanwhile, missing);
      assert.equal(rendezvous(client, slots.toReversed()), home, 'the order does not matter');
    }),
  );
});

test('without a slot there is nobody', () => {
  assert.equal(rendezvous('client', []), undefined);
});

test('a client is its IPv4 address, or its IPv6 /64', () => {
  assert.equal(clientKey('192.0.2.1'), '192.0.2.1');
  assert.equal(clientKey('::ffff:192.0.2.1'), '192.0.2.1');
  assert.equal(clientKey('2001:db8:1:2:3:4:5:6'), clientKey('2001:DB8:1:2::9'));
  assert.notEqual(clientKey('2001:db8:1:2::1'), clientKey('2001:db8:1:3::1'));
  assert.equal(clientKey('fe80::1%eth0'), clientKey('fe80::2%eth0'));
  assert.equal(clientKey('::1'), '0:0:0:0');
  assert.equal(clientKey('2001:0db8::1'), clientKey('2001:db8::1'));
});
