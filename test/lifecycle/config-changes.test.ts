import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { configChanges } from '../../lib/lifecycle/config-changes.js';

const service = (name: string, more: object = {}) => ({ name, source: `file:${name}`, exec: 'x', env: { A: '1', B: '2' }, ...more });

test('added, changed, removed and unchanged: the new ones in their order, then those that are gone', () => {
  const before = [service('gone'), service('same'), service('other')];
  const after = [service('new'), service('other', { exec: 'y', port: 1 }), service('same')];
  assert.deepEqual(configChanges(before, after), [
    { name: 'new', kind: 'added', keys: [] },
    { name: 'other', kind: 'changed', keys: ['exec', 'port'] },
    { name: 'same', kind: 'unchanged', keys: [] },
    { name: 'gone', kind: 'removed', keys: [] },
  ]);
});

test('where it is described, whether it is wanted and the order of keys are no change', () => {
  const before = [service('a', { desired: 'up', port: undefined })];
  const after = [{ env: { B: '2', A: '1' }, exec: 'x', desired: 'down', source: 'elsewhere', name: 'a' }];
  assert.deepEqual(configChanges(before, after), [{ name: 'a', kind: 'unchanged', keys: [] }]);
});

test('the order of a list is a change, and so is the type of a value', () => {
  const kinds = (before: object, after: object) => configChanges([service('a', before)], [service('a', after)]).map(({ keys }) => keys);
  assert.deepEqual(kinds({ args: ['1', '2'] }, { args: ['2', '1'] }), [['args']]);
  assert.deepEqual(kinds({ port: 1 }, { port: '1' }), [['port']]);
  assert.deepEqual(kinds({ port: null }, {}), [['port']]);
  assert.deepEqual(kinds({ health: { deep: { x: 1 } } }, { health: { deep: { x: 2 } } }), [['health']]);
});

const anyService = fc
  .tuple(fc.constantFrom('a', 'b', 'c', '__proto__'), fc.dictionary(fc.constantFrom('x', 'y', 'z'), fc.jsonValue()))
  .map(([name, rest]) => ({ ...rest, name }));
const anyConfig = fc.uniqueArray(anyService, { selector: ({ name }) => name });

test('everything is told once, and nothing changes from a configuration to itself', () => {
  fc.assert(
    fc.property(anyConfig, anyConfig, (before, after) => {
      const names = new Set([...before, ...after].map(({ name }) => name));
      assert.deepEqual(
        configChanges(before, after)
          .map(({ name }) => name)
          .toSorted(),
        [...names].toSorted(),
      );
      assert.ok(configChanges(before, structuredClone(before)).every(({ kind }) => kind === 'unchanged'));
    }),
  );
});

test('there and back: what was added is removed, and the same keys differ', () => {
  fc.assert(
    fc.property(anyConfig, anyConfig, (before, after) => {
      const opposite = { added: 'removed', removed: 'added', changed: 'changed', unchanged: 'unchanged' } as const;
      const facts = (changes: ReturnType<typeof configChanges>) => new Map(changes.map(({ name, kind, keys }) => [name, `${kind} ${keys.toSorted()}`]));
      const back = configChanges(after, before).map(change => ({ ...change, kind: opposite[change.kind] }));
      assert.deepEqual(facts(configChanges(before, after)), facts(back));
    }),
  );
});
