import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { fromQuery, isVerb } from '../../lib/protocol/control.js';
import { sizeBytes } from '../../lib/protocol/options.js';
import { parseWorkerWord } from '../../lib/protocol/words.js';
import { isOwnHost, parseAdminAddress } from '../../lib/system/admin-address.js';
import { PendingChunk, pendingIn } from '../../lib/system/pending-chunk.js';
import { matchesToken, newTokens } from '../../lib/system/tokens.js';
import { emptyFolder } from '../support/fixtures.js';

suite('what comes from outside', () => {
  test('admin addresses: a port, or an IP address and a port', () => {
    assert.deepEqual(parseAdminAddress('9000'), { host: '127.0.0.1', port: 9000 });
    assert.deepEqual(parseAdminAddress('[::1]:9000'), { host: '::1', port: 9000 });
    assert.deepEqual(parseAdminAddress('0.0.0.0:0'), { host: '0.0.0.0', port: 0 });
    for (const wrong of ['', ':', '70000', 'evil.example:80', '127.0.0.1', '::1:80', '1.2.3.4:x', '[x]:1'])
      assert.equal(parseAdminAddress(wrong), undefined, wrong);
    fc.assert(
      fc.property(fc.string(), text => {
        const { port = 0 } = parseAdminAddress(text) ?? {};
        return port >= 0 && port <= 65_535;
      }),
    );
  });

  test('a Host header is an address or localhost: a name could be anybody’s', () => {
    for (const own of ['localhost', 'localhost:80', '127.0.0.1:9000', '[::1]:9000', '10.1.2.3']) assert.ok(isOwnHost(own, '127.0.0.1'), own);
    for (const foreign of [undefined, '', 'evil.example', 'evil.example:80', 'localhost.evil.example', '127.0.0.1.evil.example'])
      assert.ok(!isOwnHost(foreign, '127.0.0.1'), foreign);
    fc.assert(fc.property(fc.domain(), name => name === 'localhost' || !isOwnHost(name, '127.0.0.1')));
  });

  test('verbs are own properties of the table', () => {
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '']) assert.ok(!isVerb(name));
    assert.ok(isVerb('status'));
  });

  test('a query has texts; what the schema wants otherwise is converted, what does not fit stays', () => {
    const properties = { last: { type: 'integer' }, follow: { type: 'boolean' }, grep: { type: 'string' } };
    assert.deepEqual(fromQuery({ last: '5', follow: '', grep: '5' }, properties), { last: 5, follow: true, grep: '5' });
    assert.deepEqual(fromQuery({ last: '5x', follow: 'maybe', more: '1' }, properties), { last: '5x', follow: 'maybe', more: '1' });
    fc.assert(fc.property(fc.dictionary(fc.string(), fc.string()), query => Object.keys(fromQuery(query, properties)).length === Object.keys(query).length));
  });

  test('beats are numbers, or nothing', () => {
    const vitals = {
      atMs: 1,
      rssBytes: 1,
      heapUsedBytes: 1,
      cpuMs: 1,
      loopUtilization: 0,
      connections: 0,
      accepted: 0,
      adopted: 0,
      handedOver: 0,
      requests: 0,
      answered: 0,
      inFlight: 0,
    };
    const beat = (more: object) => parseWorkerWord({ cmd: 'NODE_APP_CLUSTER', act: 'beat', vitals: { ...vitals, ...more } });
    assert.deepEqual(beat({}), { act: 'beat', vitals });
    for (const wrong of [{ rssBytes: '1' }, { requests: -1 }, { cpuMs: Number.NaN }, { inFlight: null }]) assert.equal(beat(wrong), undefined);
    assert.deepEqual(beat({ loopDelayMs: 'x', more: 1 }), { act: 'beat', vitals });
    fc.assert(fc.property(fc.anything(), anything => parseWorkerWord({ cmd: 'NODE_APP_CLUSTER', act: 'beat', vitals: anything }) === undefined || true));
  });

  test('tokens: 256 bits, new ones each time, nothing but themselves', () => {
    const tokens = newTokens();
    assert.match(tokens.read, /^[\da-f]{64}$/);
    assert.notEqual(tokens.read, tokens.operate);
    assert.notEqual(newTokens().read, tokens.read);
    assert.ok(matchesToken(tokens.read, tokens.read));
    fc.assert(fc.property(fc.string(), text => !matchesToken(text, tokens.read)));
  });

  test('sizes', () => {
    assert.deepEqual(['1', '1K', '1.5M', '2G'].map(sizeBytes), [1, 1_024, 1_572_864, 2 ** 31]);
  });

  test('a chunk that a logger had in its hands: whole, or not at all', () => {
    using folder = emptyFolder();
    const path = join(folder.path, 'pending');
    const facts = { source: 'app#1:2', stream: 'out', log: { inode: 1, bytes: 2 } } as const;
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(), (bytes, cut) => {
        const pending = new PendingChunk(path);
        pending.save(PendingChunk.header(facts), bytes);
        const left = pendingIn(path);
        assert.deepEqual(left?.facts, facts);
        assert.deepEqual(new Uint8Array(left?.body ?? []), bytes);
        pending.done();
        assert.equal(pendingIn(path), undefined);
        pending.close();
        writeFileSync(path, bytes.subarray(0, cut % (bytes.length + 1)));
        pendingIn(path); // Whatever it makes of it, it does not throw.
      }),
    );
  });
});
