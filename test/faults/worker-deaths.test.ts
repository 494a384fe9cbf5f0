import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { suite } from 'node:test';
import { APP_RESTART } from '../../lib/lifecycle/restart-policy.js';
import { assertLostAtMost, assertNoneFailed } from '../support/faults/criteria.js';
import { fault, full, type Numbers } from '../support/faults/fault.js';
import { connectionsOf, descriptorKinds, openDescriptors, parentOf } from '../support/faults/processes.js';
import { isAlive, launch, openIn, type Subject, start, sumOf, until } from '../support/faults/subject.js';
import { emptyFolder, fixture } from '../support/fixtures.js';
import { startLoad } from '../support/load/load.js';

const MISBEHAVES = fixture('faults/misbehaves-on-request.js');

/** Stopped first, so that what it holds can be counted; then killed. */
function killCounted(subject: Subject, pid: number): number {
  subject.kill(pid, 'SIGSTOP');
  const open = connectionsOf(pid, [subject.port, subject.tlsPort]);
  subject.kill(pid);
  return open;
}

/** Asks for a misdeed; that it is not answered is the point. */
function provoke({ port }: Subject, path: string): void {
  get({ host: '127.0.0.1', port, path, agent: false }).on('error', () => {});
}

/** The masters above: pid and open descriptors. */
async function above(subject: Subject): Promise<readonly number[]> {
  const master = await subject.master();
  return master === subject.pid ? [master] : [master, subject.pid];
}

async function assertNoLeak(numbers: Numbers, pids: readonly number[], before: readonly number[]): Promise<void> {
  const leaked = () => pids.map((pid, index) => openDescriptors(pid) - (before[index] ?? 0));
  const left = await until('no descriptors leaked', leaked, { isTrue: more => more.every(count => count <= 0), limitMs: 5_000 }).catch(error => {
    throw new Error(`${error.message}: ${pids.map(descriptorKinds)}`);
  });
  numbers['descriptors'] = left.join(' ');
}

suite('deaths of workers', { concurrency: 1 }, () => {
  const kills = full(10, 3);
  fault(`kill -9 of one worker, ${kills} times`, 'lost ≤ connections open in it, 0 refused, 0 hung, 0 descriptors leaked', async numbers => {
    await using subject = await start();
    const pids = await above(subject);
    using load = startLoad(['L1', 'L3', 'L7'], subject);
    await load.more(20);
    const before = pids.map(openDescriptors);
    let open = 0;
    for (let round = 0; round < kills; round++) {
      const victim = (await subject.whole())[round % 2]?.pid ?? 0;
      open += killCounted(subject, victim);
      await subject.whole(2, [victim]);
      await load.more(20);
    }
    await assertNoLeak(numbers, pids, before);
    assertLostAtMost(numbers, await load.stop(), open);
  });

  const massacres = full(3, 2);
  fault(`kill -9 of all workers, ${massacres} times`, '0 refused, 0 hung, lost ≤ connections open in them', async numbers => {
    await using subject = await start();
    using load = startLoad(['L1', 'L3'], subject);
    let open = 0;
    for (let round = 0; round < massacres; round++) {
      await load.more(50);
      const victims = (await subject.whole()).map(({ pid }) => pid);
      for (const pid of victims) subject.kill(pid, 'SIGSTOP');
      open += sumOf(victims.map(pid => connectionsOf(pid, [subject.port])));
      for (const pid of victims) subject.kill(pid);
      await subject.whole(2, victims);
    }
    await load.more(50);
    assertLostAtMost(numbers, await load.stop(), open);
  });

  fault('kill -9 of the agent', '0 failed, a new agent', async numbers => {
    await using subject = await start(fixture('faults/with-agent'));
    using load = startLoad(['L1', 'L3'], subject);
    const agent = (await subject.status()).agent?.pid ?? 0;
    await load.more(50);
    subject.kill(agent);
    const isNew = (seen: Awaited<ReturnType<Subject['statusIfAny']>>) => seen?.agent?.status === 'ready' && seen.agent.pid !== agent;
    await until('a new agent', () => subject.statusIfAny(), { isTrue: isNew });
    await load.more(50);
    assertNoneFailed(numbers, await load.stop(), 100);
  });

  const throws = full(5, 2);
  fault(`an uncaught exception at a request, ${throws} times`, "lost ≤ that worker's connections, 0 hung", async numbers => {
    await using subject = await start(MISBEHAVES);
    using load = startLoad(['L1', 'L3'], subject);
    for (let round = 0; round < throws; round++) {
      await load.more(50);
      provoke(subject, '/throw');
      await until('a worker has thrown', () => openIn(subject).length > round);
      await until('it is replaced', async () => sumOf((await subject.ready()).map(({ restarts }) => restarts)) > round && (await subject.ready()).length === 2);
    }
    assertLostAtMost(numbers, await load.stop(), sumOf(openIn(subject)));
  });

  fault('a worker that runs out of memory', 'lost ≤ its connections, 0 hung, it is replaced', async numbers => {
    await using subject = await start(MISBEHAVES, { args: ['--node-option=--max-old-space-size=40'] });
    using load = startLoad(['L1', 'L3'], subject);
    const before = (await subject.ready()).map(({ pid }) => pid);
    await load.more(50);
    provoke(subject, '/oom');
    const victim = await until('one is gone', () => before.find(pid => !isAlive(pid)), { limitMs: 30_000 });
    await subject.whole(2, [victim ?? 0]);
    await load.more(50);
    assertLostAtMost(numbers, await load.stop(), sumOf(openIn(subject)));
  });

  fault('a worker that crashes again and again beside a healthy one', '0 failed at the healthy one; delay n in 100·2^(n−1)·[1, 1.5) ms', async numbers => {
    using folder = emptyFolder();
    const BROKEN = join(folder.path, 'broken');
    await using subject = await start(fixture('faults/slot-1-crashes.js'), { env: { BROKEN } });
    using load = startLoad(['L1', 'L3'], subject);
    const healthy = (await subject.ready()).find(({ slot }) => slot === 0)?.pid;
    writeFileSync(BROKEN, '');
    const rounds = full(6, 4);
    const waits = await until('delays', async () => (await subject.facts('backing-off')).map(({ waitMs }) => waitMs), {
      isTrue: seen => seen.length >= rounds,
    });
    assertNoneFailed(numbers, await load.stop(), 100);
    numbers['delays in ms'] = waits.map(Math.round).join(' ');
    const isRight = (wait: number, n: number) => {
      const least = Math.min(APP_RESTART.longestDelayMs, 100 * 2 ** n);
      return wait >= least && wait <= least * 1.5;
    };
    assert.ok(waits.every(isRight), `${waits}`);
    assert.equal((await subject.ready()).find(({ slot }) => slot === 0)?.pid, healthy);
  });

  fault('a first boot that fails', 'one try, exit ≠ 0, nothing left', async numbers => {
    using folder = emptyFolder();
    const BOOTS = join(folder.path, 'boots');
    await using subject = await launch(fixture('faults/counts-boots-and-throws.js'), { workers: 1, env: { BOOTS } });
    const { code } = await subject.exited;
    const boots = readFileSync(BOOTS, 'utf8').trim().split('\n').length;
    Object.assign(numbers, { boots, 'exit code': code });
    assert.equal(boots, 1);
    assert.equal(code, 1);
    await subject.nothingLeft();
  });

  fault('a worker that exits with 78', 'it is not started again, 0 failed from then on', async numbers => {
    await using subject = await start(MISBEHAVES);
    provoke(subject, '/exit?code=78');
    const [left] = await subject.whole(1);
    await until('given up', async () => (await subject.facts('slot-gave-up')).length > 0);
    using load = startLoad(['L1', 'L3'], subject);
    await load.more(full(3_000, 300)); // Longer than any first delay.
    assertNoneFailed(numbers, await load.stop(), 300);
    assert.deepEqual(
      (await subject.status()).workers.map(({ pid }) => pid),
      [left?.pid],
    );
  });

  fault('workers flood the channel while they are killed', 'the master lives and answers, 0 hung, 0 failed afterwards', async numbers => {
    await using subject = await start(MISBEHAVES, { workers: 3 });
    const master = await subject.master();
    let open = 0;
    using load = startLoad(['L1'], subject);
    for (let round = 0; round < full(10, 3); round++) {
      for (let floods = 0; floods < 3; floods++) provoke(subject, '/flood');
      await until('a flood', () => openIn(subject).length >= 3 * (round + 1));
      const victim = (await subject.whole(3))[round % 3]?.pid ?? 0;
      open += killCounted(subject, victim);
      await subject.whole(3, [victim]);
    }
    assertLostAtMost(numbers, await load.stop(), open);
    const { droppedMessages } = await subject.status();
    numbers['dropped messages'] = droppedMessages;
    assert.ok(isAlive(master));
    assert.deepEqual([...new Set((await subject.ready()).map(({ pid }) => parentOf(pid)))], [master]);
    using after = startLoad(['L1'], subject);
    await after.total(200);
    assertNoneFailed({}, await after.stop(), 200);
  });
});
