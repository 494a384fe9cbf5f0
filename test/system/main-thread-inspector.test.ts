// The contract of the trick: a thread sees where its process's main thread stands, whatever that does, and leaves no trace.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { emptyFolder, ROOT } from '../support/fixtures.js';
import { runProgram } from '../support/run-program.js';

const INSPECTOR = join(ROOT, 'dist/lib/system/main-thread-inspector.js');

/** A program that blocks in `body`, and a thread that looks at it and writes what it saw into the same output. */
function program(body: string): string {
  return `
import { Worker } from 'node:worker_threads';
import { execFileSync } from 'node:child_process';
const shared = new Int32Array(new SharedArrayBuffer(4));
const thread = new Worker(new URL('./thread.mjs', import.meta.url), { workerData: shared, execArgv: [], env: {} });
function blocked() {
${body}
}
thread.once('message', () => {
  blocked();
  console.log('main goes on');
  thread.unref();
});
`;
}

const THREAD = `
import { writeSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { openMainThread } from ${JSON.stringify(pathToFileURL(INSPECTOR).href)};
parentPort.postMessage('go');
setTimeout(async () => {
  const sight = openMainThread(700);
  const stack = await sight.stack();
  const profile = stack && (await sight.profile(200));
  sight.close();
  writeSync(1, JSON.stringify({ stack, nodes: profile && JSON.parse(profile).nodes.length }) + '\\n');
  Atomics.store(workerData, 0, 1);
  Atomics.notify(workerData, 0);
}, 300);
setInterval(() => {}, 1_000); // A thread that ends with its session can take the process with it.
`;

async function seenIn(body: string) {
  using folder = emptyFolder();
  writeFileSync(join(folder.path, 'main.mjs'), program(body));
  writeFileSync(join(folder.path, 'thread.mjs'), THREAD);
  const { code, stdout, stderr } = await runProgram(join(folder.path, 'main.mjs'));
  assert.deepEqual([code, stderr], [0, ''], 'it must end as if nobody had looked');
  assert.ok(stdout.includes('main goes on'));
  return JSON.parse(stdout.split('\n').find(line => line.startsWith('{')) ?? '') as { stack?: string[]; nodes?: number };
}

suite('the main thread, seen from another one', { concurrency: 2 }, () => {
  test('in a busy loop: function, line and column, and a profile', async () => {
    const { stack, nodes } = await seenIn('  while (Atomics.load(shared, 0) === 0);');
    assert.match(stack?.[0] ?? '', /^blocked \(\/.*main\.mjs:\d+:\d+\)$/);
    assert.ok((nodes ?? 0) > 1);
  });

  test('in Atomics.wait: the same', async () => {
    const { stack } = await seenIn('  Atomics.wait(shared, 0, 0);');
    assert.match(stack?.[0] ?? '', /^blocked \(/);
  });

  test('in native code: nothing, within its limits, and the program goes on afterwards', async () => {
    assert.deepEqual(await seenIn("  execFileSync('sleep', ['3']);"), {});
  });

  test('the thread of the watchdog runs no preload, and does not keep its process', async () => {
    using folder = emptyFolder();
    const preload = join(folder.path, 'preload.cjs');
    writeFileSync(preload, "console.log('preloaded', require('node:worker_threads').isMainThread);");
    const main = join(folder.path, 'main.cjs');
    const orders = '{ shared: new SharedArrayBuffer(8), limitMs: 60000, mark: "x", masterPid: process.ppid, orphanMs: 1 }';
    const file = JSON.stringify(join(ROOT, 'dist/lib/worker/watchdog-main.cjs'));
    writeFileSync(
      main,
      `const w = new (require('node:worker_threads').Worker)(${file}, { execArgv: [], env: {}, workerData: ${orders} }); w.once('online', () => w.unref());`,
    );
    const { code, stdout, stderr } = await runProgram(main, { NODE_OPTIONS: `--require ${preload}` });
    assert.deepEqual([code, stdout, stderr], [0, 'preloaded true\n', '']);
  });
});
