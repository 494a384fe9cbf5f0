import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Dependent, dependencyIssues, longestWay, startOrder, withDependencies } from '../../lib/lifecycle/dependency-order.js';

/** `a: b c` depends on b and c. */
const services = (...lines: readonly string[]): Dependent[] =>
  lines.map(line => {
    const [name = '', wanted = ''] = line.split(':');
    return { name, dependsOn: wanted.split(' ').filter(Boolean) };
  });

const names = ['a', 'b', 'c', 'd', 'e', 'f'];
const anyGraph: fc.Arbitrary<Dependent[]> = fc.tuple(...names.map(name => fc.subarray(names).map(dependsOn => ({ name, dependsOn }))));
/** Each depends on earlier ones only; then shuffled. */
const acyclic: fc.Arbitrary<Dependent[]> = fc
  .tuple(...names.map((name, index) => fc.subarray(names.slice(0, index)).map(dependsOn => ({ name, dependsOn }))))
  .chain(all => fc.shuffledSubarray(all, { minLength: all.length }));

const isAfterAllItNeeds = (order: readonly string[], all: readonly Dependent[]) =>
  all.every(({ name, dependsOn }) => dependsOn.every(wanted => order.indexOf(wanted) >= 0 && order.indexOf(wanted) < order.indexOf(name)));

test('those that depend on nothing keep their order, the others come after what they need', () => {
  assert.deepEqual(startOrder(services('c', 'a', 'b')), ['c', 'a', 'b']);
  assert.deepEqual(startOrder(services('web: api', 'api: db cache', 'cache', 'db')), ['db', 'cache', 'api', 'web']);
  assert.deepEqual(startOrder([]), []);
});

test('every service once, each after everything it depends on', () => {
  fc.assert(
    fc.property(acyclic, all => {
      const order = startOrder(all);
      assert.deepEqual(order.toSorted(), names);
      assert.ok(isAfterAllItNeeds(order, all), order.join());
      assert.deepEqual(dependencyIssues(all), []);
    }),
  );
});

test('either there is a right order, or a circle is told that is one', () => {
  fc.assert(
    fc.property(anyGraph, all => {
      const issues = dependencyIssues(all);
      if (issues.length === 0) assert.ok(isAfterAllItNeeds(startOrder(all), all));
      for (const { name, cycle = [], unknown } of issues) {
        assert.equal(unknown, undefined);
        assert.deepEqual([cycle[0], cycle.at(-1)], [name, name]);
        assert.equal(new Set(cycle).size, cycle.length - 1);
        for (const [index, from] of cycle.slice(0, -1).entries())
          assert.ok(all.find(item => item.name === from)?.dependsOn.includes(cycle[index + 1] ?? ''), cycle.join());
      }
    }),
  );
});

test('each circle is told once, an unknown name each time', () => {
  assert.deepEqual(dependencyIssues(services('a: b', 'b: c', 'c: b')), [{ name: 'b', cycle: ['b', 'c', 'b'] }]);
  assert.deepEqual(dependencyIssues(services('a: a')), [{ name: 'a', cycle: ['a', 'a'] }]);
  assert.deepEqual(dependencyIssues(services('a: x', 'b: x a')), [
    { name: 'a', unknown: 'x' },
    { name: 'b', unknown: 'x' },
  ]);
  assert.deepEqual(dependencyIssues(services('a: b', 'b: a', 'c: d', 'd: c')).length, 2);
});

test('a diamond is no circle', () => {
  assert.deepEqual(dependencyIssues(services('a: b c', 'b: d', 'c: d', 'd')), []);
});

test('the named ones and all they need, and nobody else', () => {
  const all = services('web: api', 'api: db', 'db', 'mailer: db', 'other');
  assert.deepEqual([...withDependencies(['web'], all)], ['db', 'api', 'web']);
  assert.deepEqual([...withDependencies(['mailer', 'other'], all)], ['db', 'mailer', 'other']);
  assert.deepEqual([...withDependencies([], all)], []);
  assert.deepEqual([...withDependencies(['none'], all)], []);
});

test('a thousand in a row', () => {
  const chain = Array.from({ length: 1_000 }, (_, index) => ({ name: `s${index}`, dependsOn: index === 999 ? [] : [`s${index + 1}`] }));
  assert.equal(startOrder(chain)[0], 's999');
  assert.deepEqual(dependencyIssues(chain), []);
});

test('the longest way: what is independent goes side by side, what depends comes after', () => {
  const weighed = (...lines: readonly string[]) => services(...lines).map(item => ({ ...item, weight: 10 }));
  assert.equal(longestWay([]), 0);
  assert.equal(longestWay(weighed('a', 'b', 'c')), 10);
  assert.equal(longestWay(weighed('web: api', 'api: db cache', 'cache', 'db')), 30);
  assert.equal(longestWay(weighed('a: gone')), 10);
  fc.assert(
    fc.property(acyclic, fc.array(fc.nat(100), { minLength: 6, maxLength: 6 }), (all, weights) => {
      const weighty = all.map((item, index) => ({ ...item, weight: weights[index] ?? 0 }));
      const of = (name: string): number => {
        const { dependsOn = [], weight = 0 } = weighty.find(item => item.name === name) ?? {};
        return weight + Math.max(0, ...dependsOn.map(of));
      };
      assert.equal(longestWay(weighty), Math.max(...names.map(of)));
    }),
  );
});
