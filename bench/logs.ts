// What recording costs and loses: two workers write LINES each at RATE lines a millisecond (200 bytes a millisecond is 0.2 MB/s) through the
// logger, with rotation. Prints lines written and recorded, the master's memory before and after, and what the logger used of a CPU.
// `node dist/bench/logs.js [seconds, default 20] [MB/s, default 10]`

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../lib/system/free-port.js';
import { tailLog } from '../lib/system/log-tail.js';
import { usageOf } from '../lib/system/process-usage.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SECONDS = Number(process.argv[2] ?? 20);
const MEGABYTES_PER_SECOND = Number(process.argv[3] ?? 10);
const BYTES_PER_LINE = 100;
const WORKERS = 2;
const SETTLE_MS = 3_000;
const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms));

const rate = (MEGABYTES_PER_SECOND * 1e6) / BYTES_PER_LINE / 1_000 / WORKERS;
const lines = Math.round(rate * SECONDS * 1_000);
const home = mkdtempSync(join(tmpdir(), 'acl-'));
const folder = join(home, 'state', 'bench', 'log');
const port = await freePort(0);
const master = spawn(
  process.execPath,
  [join(ROOT, 'bin/app-cluster.js'), 'start', join(ROOT, 'bench/programs/writes.cjs'), '-w', String(WORKERS), '-p', String(port), '--name', 'bench'].concat([
    '--log-keep',
    '1000',
    '--log-total-size',
    '50G',
  ]),
  { env: { ...process.env, APP_CLUSTER_HOME: home, LINES: String(lines), RATE: String(rate) }, stdio: 'ignore' },
);
const pid = master.pid ?? 0;
await pause(SETTLE_MS);
const before = usageOf(pid);
const loggerPid = readdirSync('/proc').map(Number).find(isLogger) ?? 0;
await pause(SECONDS * 1_000);
const [after, logger] = [usageOf(pid), usageOf(loggerPid)];
master.kill('SIGTERM');
await once(master, 'exit');

let recorded = 0;
for await (const { text } of tailLog({ folder, lines: Number.MAX_SAFE_INTEGER, follow: false, fits: ({ text }) => /^\d \d+ x+$/.test(text) }))
  if (text) recorded++;
const mib = (bytes = 0) => (bytes / 2 ** 20).toFixed(1);
console.log(`${MEGABYTES_PER_SECOND} MB/s for ${SECONDS} s: ${lines * WORKERS} lines written, ${recorded} recorded, in ${readdirSync(folder).length} files`);
console.log(`master ${mib(before?.rssBytes)} → ${mib(after?.rssBytes)} MiB (${((after?.rssBytes ?? 0) / (before?.rssBytes ?? 1)).toFixed(2)}x)`);
console.log(`logger ${mib(logger?.rssBytes)} MiB, ${((logger?.cpuMs ?? 0) / 10 / (SECONDS + SETTLE_MS / 1_000)).toFixed(0)}% of one CPU`);
rmSync(home, { recursive: true, force: true });

function isLogger(candidate: number): boolean {
  try {
    return Number.isInteger(candidate) && readFileSync(`/proc/${candidate}/environ`, 'utf8').includes(`APP_CLUSTER_LOGGER_OF=${pid}-`);
  } catch {
    return false;
  }
}
