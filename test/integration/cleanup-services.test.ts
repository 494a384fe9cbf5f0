import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { CleanupReport } from '../../lib/control/clean-up.js';
import type { ServiceState } from '../../lib/control/service-states.js';
import { shortHash } from '../../lib/protocol/registry-entry.js';
import { identityOf } from '../../lib/system/process-identity.js';
import { isAlive } from '../../lib/system/process-tree.js';
import { bodyOf } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { COMMAND, emptyFolder, fixture } from '../support/fixtures.js';
import { gone } from '../support/gone.js';
import { type Project, program, project, serving } from '../support/services.js';

const stateOf = (at: Project, service: string) =>
  JSON.parse(readFileSync(join(at.home.path, 'state', 'sup', 'services', `${service}.json`), 'utf8')) as ServiceState;

async function killSupervisor(at: Project): Promise<void> {
  const pid = at.pid();
  process.kill(pid, 'SIGKILL');
  await gone([pid]);
}

async function cleanUp(at: Project): Promise<CleanupReport> {
  const { code, stdout, stderr } = await at.run('cleanup', '--json');
  assert.equal(code, 0, `${stdout}${stderr}`);
  return JSON.parse(stdout) as CleanupReport;
}

suite('cleanup after kill −9 of a supervisor', { concurrency: 2 }, () => {
  test('services, clusters among them and loggers end; files go; what is stored becomes true, and what is wanted stays', async () => {
    await using at = project({
      web: serving(),
      loop: { exec: program('sleeps') },
      off: { exec: program('sleeps') },
      api: { cluster: { entry: fixture('apps/plain.js'), workers: 2 }, port: 'auto' },
    });
    await at.up();
    await at.run('stop', 'sup/off');
    const { port = 0 } = await at.service('web');
    const pids = (await at.services()).flatMap(({ pid }) => pid ?? []);
    const inner = JSON.parse((await at.run('status', 'sup/api', '--json')).stdout) as { workers: { pid: number }[] };
    await killSupervisor(at);
    assert.ok(pids.every(isAlive));
    const { ended, survived, corrected, released, removed } = await cleanUp(at);
    await gone([...pids, ...inner.workers.map(({ pid }) => pid), ...ended.map(({ pid }) => pid)], 1_000);
    assert.deepEqual([survived, corrected.toSorted()], [[], ['sup/api', 'sup/loop', 'sup/web']]);
    assert.ok(pids.every(pid => ended.some(leftover => leftover.pid === pid && leftover.service?.startsWith('sup/'))));
    assert.ok(ended.some(({ isLogger }) => isLogger));
    assert.ok(released.some(({ service, port: kept }) => service === 'sup/web' && kept === port));
    assert.ok(removed.some(path => path.endsWith('sup.json')));
    assert.deepEqual(readdirSync(join(at.home.path, 'run')), []);
    for (const name of ['web', 'loop', 'off', 'api']) {
      const { desired, observed } = stateOf(at, name);
      assert.deepEqual([name, desired, observed], [name, name === 'off' ? 'down' : 'up', undefined]);
    }
    assert.equal((await at.run('cleanup')).stdout, 'Nothing was left behind.\n');
    await at.up();
    assert.deepEqual((await at.services()).map(({ name, status }) => `${name} ${status}`).toSorted(), [
      'api running',
      'loop running',
      'off down',
      'web running',
    ]);
  });

  test('each ends in the way that was said for it', async () => {
    await using at = project({ asked: { exec: './asked.sh', stop: { signal: 'SIGINT', timeout: '20s' } } });
    at.write('asked.sh', "#!/bin/sh\ntrap 'echo interrupted > how; exit 0' INT\necho > ready\nwhile :; do sleep 300 & wait; done\n", 0o755);
    await at.up();
    await eventually(() => existsSync(join(at.folder, 'ready')));
    await killSupervisor(at);
    await cleanUp(at);
    assert.equal(at.read('how'), 'interrupted\n');
  });

  test('one that has cleared its environment is known by what was written down', async () => {
    await using at = project({ bare: { exec: 'env', args: ['-i', 'sleep', '300'] } });
    await at.up();
    const { pid = 0 } = await at.service('bare');
    await eventually(() => readFileSync(`/proc/${pid}/environ`, 'utf8') === '');
    await killSupervisor(at);
    const { ended } = await cleanUp(at);
    assert.deepEqual([ended.find(leftover => leftover.pid === pid)?.service, isAlive(pid)], ['sup/bare', false]);
  });

  test('a pid file whose process is gone goes, with the state; one of another process stays', async () => {
    await using at = project({
      daemon: { exec: './daemon.sh', pidFile: 'daemon.pid' },
      other: { exec: program('sleeps'), pidFile: 'other.pid' },
    });
    at.write('daemon.sh', '#!/bin/sh\necho $$ > daemon.pid\nexec sleep 300\n', 0o755);
    await at.up();
    await eventually(() => existsSync(join(at.folder, 'daemon.pid')));
    const pids = (await at.services()).flatMap(({ pid }) => pid ?? []);
    await killSupervisor(at);
    at.write('other.pid', String(process.pid));
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await gone(pids);
    const { removed, corrected } = await cleanUp(at);
    assert.deepEqual(corrected.toSorted(), ['sup/daemon', 'sup/other']);
    assert.ok(removed.includes(join(at.folder, 'daemon.pid')));
    assert.deepEqual([existsSync(join(at.folder, 'daemon.pid')), existsSync(join(at.folder, 'other.pid'))], [false, true]);
  });

  test('nothing of a supervisor that lives is touched: neither what it has started, nor what it has taken over', async () => {
    await using at = project({
      web: serving(),
      chatty: { exec: './chatty.sh' },
      api: { cluster: { entry: fixture('apps/plain.js'), workers: 1 }, port: 'auto' },
    });
    at.write('chatty.sh', '#!/bin/sh\nn=0\nwhile :; do n=$((n+1)); echo "line $n"; sleep 0.1; done\n', 0o755);
    await at.up();
    const before = (await at.services()).map(({ pid }) => pid);
    await killSupervisor(at);
    await at.up();
    const left = JSON.parse((await at.run('doctor', '--json')).stdout) as { topic: string; value: string }[];
    assert.equal(left.find(({ topic }) => topic === 'left behind')?.value, 'nothing');
    const { ended, corrected, released } = await cleanUp(at);
    assert.deepEqual([ended, corrected, released], [[], [], []]);
    const after = await at.services();
    assert.deepEqual([after.map(({ pid }) => pid), after.map(({ status }) => status)], [before, ['running', 'running', 'running']]);
    assert.equal((await bodyOf(after[0]?.port ?? 0)).length > 0, true);
    const lines = async () => (await at.run('logs', 'sup', '--lines', '1', '--grep', 'line ')).stdout;
    const seen = await lines();
    await eventually(async () => (await lines()) !== seen);
  });

  test('what is another user’s is named, with what to do, and the exit code says so', { skip: process.getuid?.() === 0 ? false : 'needs root' }, async () => {
    using folder = emptyFolder();
    const foreign: ChildProcess = spawn('sleep', ['300'], { stdio: 'ignore' });
    await once(foreign, 'spawn');
    const { pid = 0 } = foreign;
    const mark = `${2 ** 22}-1-000000-${shortHash(join(folder.path, 'run'))}.s1`;
    const [services, nobody] = [join(folder.path, 'state', 'sup', 'services'), 65_534];
    mkdirSync(services, { recursive: true, mode: 0o700 });
    const state = { version: 1, name: 'db', desired: 'up', observed: { ...identityOf(pid), mark, startedAt: 1 } };
    writeFileSync(join(services, 'db.json'), JSON.stringify(state));
    for (const path of ['', 'state', 'state/sup', 'state/sup/services', 'state/sup/services/db.json']) chownSync(join(folder.path, path), nobody, nobody);
    const child = spawn(process.execPath, [COMMAND, 'cleanup'], {
      uid: nobody,
      gid: nobody,
      env: { ...process.env, APP_CLUSTER_HOME: folder.path, HOME: folder.path },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', text => {
      said += text;
    });
    const [code] = await once(child, 'close');
    assert.match(
      said,
      new RegExp(`^survived  ${pid} \\(sup/db\\) sleep 300: it belongs to user root: end it as that user, or as root \\(sudo kill ${pid}\\)$`, 'm'),
    );
    assert.deepEqual([code, isAlive(pid)], [1, true]);
    const kept = JSON.parse(readFileSync(join(services, 'db.json'), 'utf8')) as ServiceState;
    assert.equal(kept.observed?.pid, pid, 'it runs, and that is what is stored');
    foreign.kill('SIGKILL');
  });
});
