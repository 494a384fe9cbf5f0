import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { claimName, entries, removeStale } from '../../lib/control/registry.js';
import { fileNameOf, parseEntry } from '../../lib/protocol/registry-entry.js';
import { type Identity, identityOf, stillIs } from '../../lib/system/process-identity.js';
import { emptyFolder } from '../support/fixtures.js';

const own = identityOf(process.pid) as Identity;
const facts = {
  ...own,
  kind: 'cluster',
  mark: 'm',
  baseDir: '/app',
  isRecorded: false,
  stopMs: 1_000,
  status: 'running',
  startedAt: 1,
  version: '1.0.0',
} as const;

/** The run root is in a folder of the test's own meanwhile. */
async function withHome(action: (run: string) => Promise<void>): Promise<void> {
  using folder = emptyFolder();
  const before = process.env['APP_CLUSTER_HOME'];
  process.env['APP_CLUSTER_HOME'] = folder.path;
  try {
    await action(join(folder.path, 'run'));
  } finally {
    if (before === undefined) delete process.env['APP_CLUSTER_HOME'];
    else process.env['APP_CLUSTER_HOME'] = before;
  }
}

// One after another: they share the environment.
suite('the registry', { concurrency: 1 }, () => {
  test('a name that was given is had by one; a derived one gets a number', () =>
    withHome(async () => {
      const first = await claimName('web', true, facts);
      await assert.rejects(claimName('web', true, facts), { code: 'ERR_ALREADY_RUNNING', message: new RegExp(`taken by process ${process.pid}`) });
      assert.equal((await claimName('web', false, { ...facts, mark: 'n' })).entry.name, 'web-2');
      assert.deepEqual(
        entries().map(({ entry, isAlive }) => [entry.name, isAlive]),
        [
          ['web', true],
          ['web-2', true],
        ],
      );
      first.release();
      assert.equal((await claimName('web', true, facts)).entry.name, 'web');
    }));

  test('an entry of a dead process gives way, one whose pid is used again as well', () =>
    withHome(async run => {
      await claimName('web', true, { ...facts, startTime: '1' }); // Same pid, born at another time.
      assert.deepEqual(
        entries().map(({ isAlive }) => isAlive),
        [false],
      );
      assert.equal((await claimName('web', true, facts)).entry.startTime, own.startTime);
      await claimName('old', true, { ...facts, bootId: 'another boot' });
      assert.deepEqual(await removeStale(own), [join(run, 'old.json')]);
      assert.ok(existsSync(join(run, 'web.json')));
    }));

  test('garbage is no entry, is taken over, and is written again by its owner', () =>
    withHome(async run => {
      const claim = await claimName('web', true, facts);
      const path = join(run, 'web.json');
      const whole = readFileSync(path, 'utf8');
      for (const text of [whole.slice(0, whole.length / 2), '\0\0\0', '[]', 'null', '{"name":1}']) {
        writeFileSync(path, text);
        assert.deepEqual(entries(), []);
        claim.update({ status: 'degraded' });
        assert.equal(entries()[0]?.entry.status, 'degraded');
      }
    }));

  test('only its owner removes or rewrites an entry', () =>
    withHome(async () => {
      const old = await claimName('web', true, { ...facts, startTime: '1' });
      await claimName('web', true, { ...facts, mark: 'new' });
      old.update({ status: 'stopped' });
      old.release();
      assert.deepEqual(
        entries().map(({ entry }) => [entry.mark, entry.status]),
        [['new', 'running']],
      );
    }));

  test('the lock of a dead process is broken', () =>
    withHome(async run => {
      mkdirSync(run, { recursive: true, mode: 0o700 });
      writeFileSync(join(run, 'web.lock'), JSON.stringify({ ...own, startTime: '1' }));
      assert.equal((await claimName('web', true, facts)).entry.name, 'web');
      assert.ok(!existsSync(join(run, 'web.lock')));
    }));

  test('parsing never throws, and only what is an entry is one', () => {
    fc.assert(fc.property(fc.string(), text => parseEntry(text) === undefined));
    fc.assert(
      fc.property(fc.json(), text => {
        const entry = parseEntry(text);
        return entry === undefined || typeof entry.name === 'string';
      }),
    );
    const whole = { ...facts, name: 'x', socket: '/s' };
    for (const key of Object.keys(whole).filter(name => name !== 'address')) assert.equal(parseEntry(JSON.stringify({ ...whole, [key]: {} })), undefined, key);
  });

  test('every name is a file name, and different names are different ones', () => {
    const isSafe = (file: string) => /^[^./][^/\\\0]*$/.test(file) && Buffer.byteLength(file) <= 64;
    fc.assert(fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), name => isSafe(fileNameOf(name))));
    fc.assert(fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (a, b) => a === b || fileNameOf(a) !== fileNameOf(b)));
    assert.equal(fileNameOf('@acme/shop'), '%40acme%2Fshop');
    assert.equal(fileNameOf('..'), '%2E.');
  });

  test('a process is known by pid, start time and boot', () => {
    assert.ok(stillIs(own));
    assert.ok(!stillIs({ ...own, startTime: '1' }));
    assert.ok(!stillIs({ ...own, bootId: 'x' }));
    assert.equal(identityOf(2 ** 22 + 1), undefined);
  });
});
