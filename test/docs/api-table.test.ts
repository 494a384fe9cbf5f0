import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { ARGUMENTS } from '../../lib/protocol/control.generated.js';
import { VERBS } from '../../lib/protocol/control.js';
import { apiTable, tableIn, withTable } from '../support/api-table.js';
import { ROOT } from '../support/fixtures.js';

suite('the table of verbs', () => {
  test('docs/http.md has the one that the verbs make', () => {
    const page = readFileSync(join(ROOT, 'docs', 'http.md'), 'utf8');
    assert.equal(tableIn(page), apiTable(VERBS, ARGUMENTS), 'docs/http.md is behind the code. Update it: node dist/test/support/write-api-table.js');
  });

  test('every verb has a row with its path and its arguments', () => {
    const rows = apiTable(VERBS, ARGUMENTS).split('\n');
    assert.equal(rows.length, Object.keys(VERBS).length + 2);
    for (const [name, { path }] of Object.entries(VERBS)) {
      const row = rows.find(line => line.startsWith(`| \`${name}\` |`)) ?? '';
      assert.ok(row.includes(path), name);
      for (const argument of Object.keys(ARGUMENTS[name as keyof typeof VERBS].properties)) assert.ok(row.includes(`\`${argument}\``), `${name} ${argument}`);
    }
  });

  test('a bar in a text does not end its cell', () => {
    const verb = { method: 'GET', path: '/x', access: 'read', summary: 'a | b' } as const;
    assert.equal(apiTable({ x: verb }, { x: { properties: {} } }).split('\n')[2], '| `x` | `GET /x` | read | – | a \\| b |');
  });

  test('a page without the marks is refused, one with them gets the table and keeps the rest', () => {
    assert.throws(() => withTable('# page', 'table'), /no place/);
    const page = withTable('before\n<!-- verbs: made by `node dist/test/support/write-api-table.js` -->\nold\n<!-- /verbs -->\nafter\n', 'new');
    assert.equal(tableIn(page), 'new');
    assert.match(page, /^before\n.*after\n$/s);
  });
});
