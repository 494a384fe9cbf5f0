import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { readApiKey } from '../../lib/system/api-key.js';
import { parseServicePid, readServicePid } from '../../lib/system/service-pid-file.js';
import { emptyFolder } from '../support/fixtures.js';

test('a pid: an object, a number, a number as text', () => {
  for (const text of ['{"pid": 123, "port": 1}', '123', '123\n', ' 123 ', '"123"', '{"pid":"123"}', '\uFEFF123', '{\r\n"pid":123}'])
    assert.equal(parseServicePid(text), 123, text);
});

test('anything else is none, and never a group of processes', () => {
  const none = [
    '',
    'x',
    '0',
    '1',
    '-1',
    '-123',
    '1.5',
    '0x10',
    '12 13',
    '12x',
    'null',
    '[1]',
    '{}',
    '{"pid":null}',
    '{"pid":-5}',
    '{"pid":{}}',
    '99999999999',
    '{"pid":',
  ];
  for (const text of none) assert.equal(parseServicePid(text), undefined, text);
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), text => {
      const pid = parseServicePid(text);
      return pid === undefined || (Number.isInteger(pid) && pid > 1);
    }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 2 ** 22 }), pid => [`${pid}`, JSON.stringify({ pid }), `"${pid}"`].every(text => parseServicePid(text) === pid)),
  );
});

test('a pid file that is missing or a folder holds none', () => {
  using folder = emptyFolder();
  const file = join(folder.path, 'gateway.pid');
  assert.equal(readServicePid(file), undefined);
  assert.equal(readServicePid(folder.path), undefined);
  writeFileSync(file, '{"pid": 7}');
  assert.equal(readServicePid(file), 7);
});

test('a key is read from .env, quoted or not; null when there is none', () => {
  using folder = emptyFolder();
  const file = join(folder.path, '.env');
  const keyIn = (text: string, variable = 'API_KEY') => {
    writeFileSync(file, text);
    return readApiKey({ file, variable });
  };
  assert.equal(readApiKey({ file, variable: 'API_KEY' }), null);
  for (const text of ['API_KEY=a-b=c', 'API_KEY="a-b=c"', "OTHER=1\nAPI_KEY='a-b=c' # mine", '\uFEFFAPI_KEY=a-b=c\r\n', 'export API_KEY=a-b=c'])
    assert.equal(keyIn(text), 'a-b=c', text);
  for (const text of ['', 'API_KEY=', 'API_KEY=""', '# API_KEY=x', 'MY_API_KEY=x']) assert.equal(keyIn(text), null, text);
  assert.equal(keyIn('API_KEY=x', 'toString'), null);
});
