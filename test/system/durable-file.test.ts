import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readDurable, writeDurable } from '../../lib/system/durable-file.js';
import { emptyFolder } from '../support/fixtures.js';

const parse = (text: string): number | undefined => (/^\d+$/.test(text) ? Number(text) : undefined);

test('what was written is read; nothing else lies beside it but the one before', async () => {
  using folder = emptyFolder();
  const path = join(folder.path, 'state.json');
  assert.equal(readDurable(path, parse), undefined);
  await writeDurable(path, '1');
  await writeDurable(path, '2');
  assert.deepEqual(readDurable(path, parse), { value: 2, isBackup: false });
  assert.deepEqual(readdirSync(folder.path).toSorted(), ['state.json', 'state.json.bak']);
});

for (const [what, spoil] of [
  ['cut', (path: string) => truncateSync(path, 0)],
  ['garbage', (path: string) => writeFileSync(path, '\0\0\0')],
] as const)
  test(`${what}: the one before holds, and that is said`, async () => {
    using folder = emptyFolder();
    const path = join(folder.path, 'state.json');
    await writeDurable(path, '1');
    await writeDurable(path, '2');
    spoil(path);
    assert.deepEqual(readDurable(path, parse), { value: 1, isBackup: true });
    spoil(`${path}.bak`);
    assert.equal(readDurable(path, parse), 'broken');
  });

test('garbage does not replace the backup: it is still the one before', async () => {
  using folder = emptyFolder();
  const path = join(folder.path, 'state.json');
  await writeDurable(path, '1');
  await writeDurable(path, '2');
  writeFileSync(path, '{');
  await writeDurable(path, '3', before => parse(before) !== undefined);
  truncateSync(path, 0);
  assert.deepEqual(readDurable(path, parse), { value: 1, isBackup: true });
});

test('a write that fails leaves what there was, and nothing half written', async () => {
  using folder = emptyFolder();
  const path = join(folder.path, 'state.json');
  await writeDurable(path, '1');
  mkdirSync(`${path}.new`); // As a disk that is full: it cannot be opened for writing.
  await assert.rejects(writeDurable(path, '2'));
  assert.deepEqual(readDurable(path, parse), { value: 1, isBackup: false });
  assert.ok(existsSync(`${path}.new`));
});
