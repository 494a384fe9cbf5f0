// What a supervisor of many services costs: how long `up`, `ls` and `down` take, what it weighs, and what it uses of a CPU while nothing happens.
// The same sleepers under PM2, in turn, as ratios of paired runs; and as many services with a port that is asked every 5 s.
// `npm run bench:services -- [services, default 200] [rounds, default 3] [idle seconds, default 20]`. Installs PM2 into .tmp/pm2, once.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { processIds, statOf } from '../lib/system/process-tree.js';
import { usageOf } from '../lib/system/process-usage.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const [SERVICES = 200, ROUNDS = 3, IDLE_S = 20] = process.argv.slice(2).map(Number);
const PM2_VERSION = '6';
const PM2_FOLDER = join(ROOT, '.tmp/pm2');
const COMMAND = join(ROOT, 'bin/app-cluster.js');
const LISTENER = join(ROOT, 'bench/programs/listens.pl');
/** After the start: garbage of it is collected. */
const SETTLE_MS = 3_000;
/** Of a look; the median counts. */
const LOOKS = 5;
const ASKED_EVERY = '5s';

const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms));
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const spread = (values: readonly number[]): string => `${median(values).toFixed(2)} [${Math.min(...values).toFixed(2)}–${Math.max(...values).toFixed(2)}]`;

interface Tool {
  readonly start: readonly string[];
  readonly list: readonly string[];
  readonly stop: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Of itself and its helpers; not of the services. */
  readonly pids: () => readonly number[];
}

interface Run {
  readonly upMs: number;
  readonly lsMs: number;
  readonly downMs: number;
  readonly residentMiB: number;
  /** Of its first process alone: a logger is beside it. */
  readonly ownMiB: number;
  /** Percent of one. */
  readonly cpu: number;
}

async function timed(command: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, command, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}`);
  return performance.now() - startedAt;
}

async function measure({ start, list, stop, env, pids }: Tool): Promise<Run> {
  const upMs = await timed(start, env);
  await pause(SETTLE_MS);
  const looks: number[] = [];
  for (let look = 0; look < LOOKS; look++) looks.push(await timed(list, env));
  const own = pids();
  const before = cpuMs(own);
  await pause(IDLE_S * 1_000);
  const cpu = ((cpuMs(own) - before) / (IDLE_S * 1_000)) * 100;
  const memory = own.map(pid => (usageOf(pid)?.rssBytes ?? Number.NaN) / 2 ** 20);
  const [ownMiB = Number.NaN] = memory;
  return { upMs, lsMs: median(looks), downMs: await timed(stop, env), residentMiB: sum(memory), ownMiB, cpu };
}

const sum = (values: readonly number[]) => values.reduce((total, one) => total + one, 0);
const cpuMs = (pids: readonly number[]) => sum(pids.map(pid => usageOf(pid)?.cpuMs ?? Number.NaN));

const names = Array.from({ length: SERVICES }, (_, index) => `s${String(index).padStart(3, '0')}`);

/** @param service the same for all of them */
function appCluster(service: unknown): Tool & Disposable {
  const home = mkdtempSync(join(tmpdir(), 'acl-'));
  const file = join(home, 'app-cluster.services.json');
  writeFileSync(file, JSON.stringify({ services: Object.fromEntries(names.map(name => [name, service])) }));
  const command = (...words: string[]) => [COMMAND, ...words];
  const supervisor = () => (JSON.parse(readFileSync(join(home, 'run/bench.json'), 'utf8')) as { pid: number }).pid;
  return {
    start: command('up', file, '--name', 'bench', '--daemon'),
    list: command('ls'),
    stop: command('down', 'bench'),
    env: { ...process.env, APP_CLUSTER_HOME: home },
    pids: () => [supervisor(), ...childrenOf(supervisor()).filter(isLogger)],
    [Symbol.dispose]: () => rmSync(home, { recursive: true, force: true }),
  };
}

const childrenOf = (pid: number) => processIds().filter(child => statOf(child)?.parent === pid);
const isLogger = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('logger/main');

function pm2(): Tool & Disposable {
  const home = mkdtempSync(join(tmpdir(), 'pm2-'));
  const file = join(home, 'bench.config.json');
  const apps = names.map(name => ({ name, script: '/bin/sleep', args: '86400', interpreter: 'none', exec_mode: 'fork' }));
  writeFileSync(file, JSON.stringify({ apps }));
  const command = (...words: string[]) => [join(PM2_FOLDER, 'node_modules/pm2/bin/pm2'), ...words];
  return {
    start: command('start', file, '--silent'),
    list: command('ls'),
    stop: command('kill', '--silent'),
    env: { ...process.env, PM2_HOME: home, PM2_DISCRETE_MODE: 'true' },
    pids: () => [Number(readFileSync(join(home, 'pm2.pid'), 'utf8'))],
    [Symbol.dispose]: () => rmSync(home, { recursive: true, force: true }),
  };
}

function installPm2(): void {
  if (existsSync(join(PM2_FOLDER, 'node_modules/pm2'))) return;
  mkdirSync(PM2_FOLDER, { recursive: true });
  writeFileSync(join(PM2_FOLDER, 'package.json'), '{"private": true}\n');
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', `pm2@${PM2_VERSION}`], { cwd: PM2_FOLDER, stdio: 'inherit' });
}

const SLEEPER = { exec: '/bin/sleep', args: ['86400'], health: 'none' };
const LISTENS = { exec: 'perl', args: [LISTENER], port: 'auto', health: { tcp: true, interval: ASKED_EVERY } };
const KINDS: Readonly<Record<string, () => Tool & Disposable>> = {
  'app-cluster': () => appCluster(SLEEPER),
  pm2,
  'app-cluster, asked': () => appCluster(LISTENS),
};

installPm2();
const runs = new Map(Object.keys(KINDS).map(kind => [kind, [] as Run[]]));
for (let round = 0; round < ROUNDS; round++) {
  for (const [kind, make] of Object.entries(KINDS)) {
    using tool = make();
    runs.get(kind)?.push(await measure(tool));
  }
}
console.log(`node ${process.version}, ${SERVICES} services, ${ROUNDS} paired runs, ${IDLE_S} s idle, median [min–max]\n`);
const of = (kind: string, what: keyof Run) => (runs.get(kind) ?? []).map(run => run[what]);
for (const kind of runs.keys()) {
  const [up, ls, down] = (['upMs', 'lsMs', 'downMs'] as const).map(what => spread(of(kind, what).map(ms => ms / 1_000)));
  console.log(
    `${kind.padEnd(18)} up ${up} s   ls ${ls} s   down ${down} s   memory ${spread(of(kind, 'residentMiB'))} MiB (own ${median(of(kind, 'ownMiB')).toFixed(0)})   idle CPU ${spread(of(kind, 'cpu'))} %`,
  );
}
const ratios = (what: keyof Run) => of('app-cluster', what).map((value, index) => value / (of('pm2', what)[index] ?? Number.NaN));
console.log(
  `\napp-cluster / pm2  up ${spread(ratios('upMs'))}   ls ${spread(ratios('lsMs'))}   down ${spread(ratios('downMs'))}   memory ${spread(ratios('residentMiB'))}`,
);
