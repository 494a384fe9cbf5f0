// How long from spawn to "all ready", and what the master then weighs: agent + 2 workers of one framework application on
// egg-cluster and on app-cluster, in turn, as ratios of paired runs. Beside them the command without a framework, and a bare
// node:cluster primary as the floor for memory. `npm run bench`.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../lib/system/free-port.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const ROUNDS = Number(process.argv[2] ?? 11);
/** Memory settles after start: garbage of booting is collected, lazily loaded parts arrive. */
const SETTLE_MS = 1_000;
const LIMIT_MS = 30_000;
/** Of the registry, sockets and logs. */
const HOME = mkdtempSync(join(tmpdir(), 'acl-'));

interface Run {
  readonly readyMs: number;
  readonly masterMiB: number;
}

type Program = (port: number) => readonly string[];

const OPTIONS = { framework: join(ROOT, 'fixtures/frameworks/ready-framework'), baseDir: join(ROOT, 'fixtures/eggs/plain'), workers: 2 };
const script =
  (name: string): Program =>
  () => [join(ROOT, `bench/programs/${name}.cjs`)];
const PROGRAMS: Readonly<Record<string, Program>> = {
  'egg-cluster': script('egg-cluster'),
  'app-cluster': script('app-cluster'),
  'app-cluster start': port => [join(ROOT, 'bin/app-cluster.js'), 'start', join(ROOT, 'fixtures/apps/demo'), '--workers', '2', '--port', String(port)],
  'node:cluster': script('bare-cluster'),
};

async function measure(program: Program): Promise<Run> {
  const port = await freePort(0);
  const env = { ...process.env, APP_CLUSTER_HOME: HOME, NODE_ENV: 'production', OPTIONS: JSON.stringify({ ...OPTIONS, port }) };
  const startedAt = performance.now();
  const master = spawn(process.execPath, [...program(port)], { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const limit = setTimeout(() => master.kill('SIGKILL'), LIMIT_MS);
  await ready(master);
  const readyMs = performance.now() - startedAt;
  await new Promise(resolve => setTimeout(resolve, SETTLE_MS));
  const masterMiB = residentMiB(master.pid ?? 0);
  master.kill('SIGTERM');
  await once(master, 'exit');
  clearTimeout(limit);
  return { readyMs, masterMiB };
}

function ready(master: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    master.on('message', message => {
      if ((message as { action?: string }).action === 'egg-ready') resolve();
    });
    master.once('exit', code => reject(new Error(`ended with ${code} before it was ready`)));
  });
}

function residentMiB(pid: number): number {
  const [, kib = '0'] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) / 1_024;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const spread = (values: readonly number[]): string => `${median(values).toFixed(2)} [${Math.min(...values).toFixed(2)}–${Math.max(...values).toFixed(2)}]`;

const runs = new Map(Object.keys(PROGRAMS).map(name => [name, [] as Run[]]));
for (let round = 0; round <= ROUNDS; round++) {
  for (const [name, program] of Object.entries(PROGRAMS)) {
    const run = await measure(program);
    if (round > 0) runs.get(name)?.push(run); // The first round warms the disk.
  }
}
const ratios = (name: string, to: string, of: keyof Run) => (runs.get(name) ?? []).map((run, i) => run[of] / (runs.get(to)?.[i]?.[of] ?? Number.NaN));
console.log(`node ${process.version}, ${ROUNDS} paired runs, median [min–max]\n`);
for (const [name, all] of runs)
  console.log(`${name.padEnd(18)} ready ${spread(all.map(run => run.readyMs))} ms   master ${spread(all.map(run => run.masterMiB))} MiB`);
console.log(
  `\napp-cluster / egg-cluster         ready ${spread(ratios('app-cluster', 'egg-cluster', 'readyMs'))}   master RSS ${spread(ratios('app-cluster', 'egg-cluster', 'masterMiB'))}`,
);
console.log(
  `app-cluster start / egg-cluster   ready ${spread(ratios('app-cluster start', 'egg-cluster', 'readyMs'))}   master RSS ${spread(ratios('app-cluster start', 'egg-cluster', 'masterMiB'))}`,
);
console.log(`app-cluster / node:cluster        master RSS ${spread(ratios('app-cluster', 'node:cluster', 'masterMiB'))}`);
rmSync(HOME, { recursive: true, force: true });
