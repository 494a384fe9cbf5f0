import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { promisify } from 'node:util';
import { type HttpCall, httpCall } from '../../lib/system/http-call.js';
import { EurekaStandIn } from '../support/eureka-stand-in.js';
import { fixture, ROOT } from '../support/fixtures.js';

const LIMIT_MS = 200;
/** Long enough that only something else can have ended the call. */
const NEVER_MS = 60_000;

const put = (standIn: EurekaStandIn, more: Partial<HttpCall> = {}) =>
  httpCall({ method: 'PUT', url: new URL(`${standIn.url}/apps/A/b`), limitMs: NEVER_MS, ...more });

async function inTime(call: Promise<unknown>): Promise<unknown> {
  const startedAt = performance.now();
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(performance.now() - startedAt < 5_000, 'it was bounded');
  return error;
}

suite('a call to somebody else’s server', () => {
  test('any status is an answer', async t => {
    const standIn = await EurekaStandIn.start();
    t.after(() => standIn.stop());
    standIn.next(204, 302, 500);
    assert.deepEqual(
      [await put(standIn), await put(standIn), await put(standIn)].map(({ status }) => status),
      [204, 302, 500],
    );
  });

  for (const how of ['hang', 'trickle'] as const)
    test(`has a limit, also where the server does this: ${how}`, async t => {
      const standIn = await EurekaStandIn.start();
      t.after(() => standIn.stop());
      standIn.next(how);
      assert.match(String(await inTime(put(standIn, { limitMs: LIMIT_MS }))), /no answer within 200 ms/);
      await (await standIn.came(1)).closed;
    });

  test('does not read an answer without end', async t => {
    const standIn = await EurekaStandIn.start();
    t.after(() => standIn.stop());
    standIn.next('flood');
    assert.match(String(await inTime(put(standIn))), /longer than 65536 bytes/);
    await (await standIn.came(1)).closed;
  });

  test('is ended by its signal with the reason of that', async t => {
    const standIn = await EurekaStandIn.start();
    t.after(() => standIn.stop());
    standIn.next('hang');
    const controller = new AbortController();
    const failed = inTime(put(standIn, { signal: controller.signal }));
    const { closed } = await standIn.came(1);
    controller.abort(new Error('enough'));
    assert.match(String(await failed), /enough/);
    await closed;
  });

  test('sends nothing where the signal has aborted before', async t => {
    const standIn = await EurekaStandIn.start();
    t.after(() => standIn.stop());
    await assert.rejects(put(standIn, { signal: AbortSignal.abort(new Error('enough')) }), /enough/);
    await put(standIn);
    assert.equal(standIn.calls.length, 1);
  });

  test('a refused connection is an error', async () => {
    const standIn = await EurekaStandIn.start();
    const { url } = standIn;
    await standIn.stop();
    await assert.rejects(httpCall({ method: 'GET', url: new URL(url), limitMs: NEVER_MS }), { code: 'ECONNREFUSED' });
  });

  test('speaks https with those it trusts, and with nobody else', async t => {
    const server = createTlsServer({ key: readFileSync(fixture('tls/key.pem')), cert: readFileSync(fixture('tls/cert.pem')) }, (_request, response) => {
      response.writeHead(204).end();
    });
    t.after(() => server.close());
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const url = `https://localhost:${(server.address() as AddressInfo).port}/`;
    await assert.rejects(httpCall({ method: 'GET', url: new URL(url), limitMs: NEVER_MS }), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });

    const program = `import { httpCall } from ${JSON.stringify(join(ROOT, 'dist/lib/system/http-call.js'))};
      console.log((await httpCall({ method: 'GET', url: new URL('${url}'), limitMs: ${NEVER_MS} })).status);`;
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: fixture('tls/cert.pem') };
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], { env });
    assert.equal(stdout.trim(), '204');
  });
});
