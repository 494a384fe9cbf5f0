import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'node:test';
import { ask } from '../support/client.js';
import { fault } from '../support/faults/fault.js';
import { kill, range, Services } from '../support/faults/services.js';
import { until } from '../support/faults/subject.js';
import { program, serving } from '../support/services.js';

const three = () => ({ web: serving(range()), loop: { exec: program('sleeps') }, ticks: { exec: program('ticks') } });
const stateOf = (at: Services, name: string) => join(at.project.home.path, 'state', 'sup', 'services', `${name}.json`);

/** Undefined where we may not mount: then there is nothing that could be filled. */
function tinyDisk(path: string): Disposable | undefined {
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m,mode=0700', 'tmpfs', path], { stdio: 'ignore' });
  return status === 0 ? { [Symbol.dispose]: () => void spawnSync('umount', ['-l', path]) } : undefined;
}

/** To its last byte. */
function fill(path: string): void {
  const fd = openSync(path, 'w');
  try {
    for (const size of [65_536, 4_096, 1]) for (const chunk = Buffer.alloc(size); wasWritten(fd, chunk); );
  } finally {
    closeSync(fd);
  }
}

function wasWritten(fd: number, chunk: Buffer): boolean {
  try {
    return writeSync(fd, chunk) > 0;
  } catch {
    return false;
  }
}

/** Everything that can be asked of it works, though nothing can be written. */
async function assertServes(at: Services): Promise<void> {
  const { pid = 0, port = 0 } = await at.service('web');
  assert.equal((await ask(port, '/health')).status, 200);
  kill(pid);
  await at.until('web', seen => seen.running && seen.pid !== pid);
  for (const verb of ['stop', 'start', 'restart']) {
    const { code, stderr } = await at.run(verb, 'sup/loop');
    assert.equal(code, 0, `${verb}: ${stderr}`);
  }
  assert.deepEqual(
    (await at.services()).map(({ status }) => status),
    ['running', 'running', 'running'],
  );
}

suite('a disk that is full', { concurrency: 2 }, () => {
  fault('a state folder that cannot be written', 'all services run on and are steered, each loss told; written again when it can be', async numbers => {
    await using at = new Services(three());
    const up = await at.up();
    const folder = join(at.project.home.path, 'state', 'sup', 'services');
    renameSync(folder, `${folder}.aside`);
    writeFileSync(folder, 'in the way');
    await assertServes(at);
    const told = await at.facts('state-unwritable');
    numbers['losses told'] = told.length;
    assert.ok(told.length > 0);
    rmSync(folder);
    renameSync(`${folder}.aside`, folder);
    assert.equal((await at.run('stop', 'sup/loop')).code, 0);
    assert.equal((JSON.parse(readFileSync(stateOf(at, 'loop'), 'utf8')) as { desired: string }).desired, 'down');
    kill(up.pid, 'SIGTERM');
    assert.deepEqual(await up.exited, { code: 0, signal: null });
    await at.nothingLeft(1_000);
  });

  for (const since of ['while they run', 'before their start'] as const)
    fault(`no byte left for state, log, ports and registry ${since}`, 'all services run and are restarted; down exits with 0, nothing left', async numbers => {
      await using at = new Services(three());
      using disk = tinyDisk(at.project.home.path);
      if (disk === undefined) numbers['skipped'] = 'may not mount';
      if (disk === undefined) return;
      const filler = join(at.project.home.path, 'filler');
      if (since === 'before their start') fill(filler);
      const up = at.launch();
      await until('all run', () => /\d+ running after/.test(up.output()));
      fill(filler);
      if (since === 'while they run') {
        await assertServes(at);
        numbers['losses told'] = (await at.facts('state-unwritable')).length;
      } else {
        const before = await until('three', () => ['web', 'loop', 'ticks'].flatMap(name => at.processesOf(name)), { isTrue: ({ length }) => length === 3 });
        kill(before[0] ?? 0);
        await until('another one', () => at.processesOf('web'), { isTrue: ([pid]) => pid !== undefined && pid !== before[0] });
        assert.match(up.output(), /3 running after/);
      }
      kill(up.pid, 'SIGTERM');
      assert.deepEqual(await up.exited, { code: 0, signal: null }, up.output());
      await at.nothingLeft(2_000);
    });
});

suite('state that is broken', () => {
  fault('state files that were cut, emptied, overwritten', 'what was before holds, each told; with the backup gone too, the services file', async numbers => {
    const names = ['cut', 'empty', 'garbage', 'lost', 'whole'];
    await using at = new Services(Object.fromEntries(names.map(name => [name, { exec: 'sleep', args: ['1000'] }])));
    const first = await at.up();
    for (const name of names) assert.equal((await at.run('stop', `sup/${name}`)).code, 0);
    kill(first.pid, 'SIGTERM');
    await first.exited;
    truncateSync(stateOf(at, 'cut'), 20);
    truncateSync(stateOf(at, 'empty'), 0);
    for (const path of [stateOf(at, 'garbage'), stateOf(at, 'lost'), `${stateOf(at, 'lost')}.bak`]) writeFileSync(path, Buffer.from([0, 255, 123, 0, 34]));
    const second = await at.up();
    const statuses = Object.fromEntries((await at.services()).map(({ name, status }) => [name, status]));
    assert.deepEqual(statuses, { cut: 'down', empty: 'down', garbage: 'down', lost: 'running', whole: 'down' });
    const told = await at.facts('state-restored');
    numbers['told'] = told.length;
    assert.deepEqual(told.map(({ path }) => path).toSorted(), ['cut', 'empty', 'garbage', 'lost'].map(name => stateOf(at, name)).toSorted());
    kill(second.pid, 'SIGTERM');
    assert.deepEqual(await second.exited, { code: 0, signal: null });
    assert.ok(existsSync(stateOf(at, 'lost')));
  });
});
