import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Keeper } from '../../lib/keeper/keeper.js';
import type { Exit } from '../../lib/protocol/events.js';
import type { KeeperMemory, KeeperWord, KeptWord } from '../../lib/protocol/keeper-words.js';
import type { RawHandle } from '../../lib/system/held-sockets.js';
import type { MasterListener, MasterProcess } from '../../lib/system/master-process.js';
import { FakeClock } from '../../lib/testing/fake-clock.js';

/** A master that does only what the test says. */
class FakeMaster implements MasterProcess {
  readonly pid: number;
  readonly node: string | undefined;
  readonly heard: KeeperWord[] = [];
  readonly signals: string[] = [];
  readonly #listener: MasterListener;

  constructor(pid: number, node: string | undefined, listener: MasterListener) {
    this.pid = pid;
    this.node = node;
    this.#listener = listener;
  }

  say(word: KeeperWord, _handle?: RawHandle, onSent?: () => void): void {
    this.heard.push(word);
    onSent?.();
  }
  relay(): void {}
  signal(name: NodeJS.Signals): void {
    this.signals.push(name);
  }

  says(...words: KeptWord[]): this {
    for (const word of words) this.#listener.onWord(word, undefined);
    return this;
  }
  exits(exit: Partial<Exit> = {}): void {
    this.#listener.onExit({ code: 0, signal: null, ...exit });
  }
  /** The words of that kind it was told. */
  told<A extends KeeperWord['act']>(act: A): Extract<KeeperWord, { act: A }>[] {
    return this.heard.filter((word): word is Extract<KeeperWord, { act: A }> => word.act === act);
  }
}

const UP: KeptWord[] = [{ act: 'hello' }, { act: 'ready' }];

function setUp() {
  const clock = new FakeClock();
  const masters: FakeMaster[] = [];
  const left: { readonly code: number; readonly memory: KeeperMemory }[] = [];
  const keeper = new Keeper({
    clock,
    random: () => 0,
    passed: [],
    start: (node, listener) => {
      const master = new FakeMaster(1_000 + masters.length, node, listener);
      masters.push(master);
      return master;
    },
    hasParent: () => false,
    tellParent: () => {},
    leave: (code, memory) => left.push({ code, memory }),
  });
  keeper.start();
  const master = (n: number) => masters[n] ?? assert.fail(`there is no master ${n}, only ${masters.length}`);
  return { clock, keeper, masters, master, left };
}

suite('a keeper', () => {
  test('ends with the code of a master that has never been ready', () => {
    const { master, masters, left, clock } = setUp();
    master(0).says({ act: 'hello' }).exits({ code: 78 });
    clock.tick(60_000);
    assert.deepEqual([left.map(({ code }) => code), masters.length], [[78], 1]);
  });

  test('starts a master again that had been ready: at once, then later and later, and tells it of its predecessor', () => {
    const { master, masters, clock, left } = setUp();
    master(0)
      .says(...UP)
      .exits({ code: null, signal: 'SIGKILL' });
    clock.tick(0);
    assert.equal(masters.length, 2);
    master(1).says({ act: 'hello' });
    assert.deepEqual(master(1).told('birth')[0]?.predecessor, { pid: 1_000, code: null, signal: 'SIGKILL' });
    master(1).exits({ code: 1 });
    clock.tick(99);
    assert.equal(masters.length, 2);
    clock.tick(1);
    assert.equal(masters.length, 3);
    master(2).exits({ code: 1 });
    clock.tick(199);
    assert.equal(masters.length, 3);
    clock.tick(1);
    assert.deepEqual([masters.length, left.length], [4, 0]);
  });

  test('starts one again at once that has lasted', () => {
    const { master, masters, clock } = setUp();
    for (const n of [0, 1, 2]) {
      master(n).says(...UP);
      clock.tick(10_000);
      master(n).exits({ signal: 'SIGKILL' });
      clock.tick(0);
    }
    assert.equal(masters.length, 4);
  });

  test('passes on what a master wants its successor to know', () => {
    const { master, clock } = setUp();
    master(0)
      .says(...UP, { act: 'remember', memory: { name: 'web-2', workers: 3 } }, { act: 'remember', memory: { workers: 5 } })
      .exits({ signal: 'SIGKILL' });
    clock.tick(0);
    master(1).says({ act: 'hello' });
    assert.deepEqual(master(1).told('birth')[0]?.memory, { name: 'web-2', workers: 5 });
  });

  test('keeps signals until the master listens, and kills one that does not listen at the second', () => {
    const { keeper, master } = setUp();
    keeper.hear('SIGTERM');
    assert.deepEqual(master(0).heard, []);
    keeper.hear('SIGTERM');
    assert.deepEqual(master(0).signals, ['SIGKILL']);
    const other = setUp();
    other.keeper.hear('SIGTERM');
    other.master(0).says({ act: 'hello' });
    assert.deepEqual(other.master(0).told('signal'), [{ act: 'signal', name: 'SIGTERM' }]);
  });

  test('kills a master that takes longer for a stop than it said, and ten seconds', () => {
    const { keeper, master, clock } = setUp();
    master(0).says(...UP, { act: 'remember', memory: { stopMs: 5_000 } });
    keeper.hear('SIGTERM');
    clock.tick(14_999);
    assert.deepEqual(master(0).signals, []);
    clock.tick(1);
    assert.deepEqual(master(0).signals, ['SIGKILL']);
  });

  test('ends with a master that was told to stop, by whomever', () => {
    const { master, left, masters } = setUp();
    master(0)
      .says(...UP, { act: 'remember', memory: { files: { pidFile: '/run/x' } } }, { act: 'stopping' })
      .exits({ code: 0 });
    assert.deepEqual([left, masters.length], [[{ code: 0, memory: { files: { pidFile: '/run/x' } } }], 1]);
  });

  test('ends at once when it is told while no master lives', () => {
    const { keeper, master, clock, left, masters } = setUp();
    master(0)
      .says(...UP)
      .exits({ code: 1 });
    clock.tick(0);
    master(1).exits({ code: 1 });
    keeper.hear('SIGTERM');
    clock.tick(60_000);
    assert.deepEqual([left.map(({ code }) => code), masters.length], [[0], 2]);
  });
});

suite('an upgrade', () => {
  test('the old master is told when the new one is ready, and the keeper goes on with that', () => {
    const { keeper, master, left } = setUp();
    master(0).says(...UP);
    keeper.hear('SIGUSR2');
    assert.deepEqual(master(0).told('upgrading'), [{ act: 'upgrading', pid: 1_001 }]);
    master(1).says({ act: 'hello' });
    assert.equal(master(1).told('birth')[0]?.isUpgrade, true);
    assert.deepEqual(master(0).told('succeed'), []);
    master(1).says({ act: 'ready' });
    assert.deepEqual(master(0).told('succeed'), [{ act: 'succeed', pid: 1_001 }]);
    master(0).says({ act: 'stopping' }).exits();
    assert.deepEqual(left, []);
    master(1).says({ act: 'stopping' }).exits({ code: 3 });
    assert.deepEqual(
      left.map(({ code }) => code),
      [3],
    );
  });

  test('is called off when the new master ends, with what it said of it', () => {
    const { keeper, master, left } = setUp();
    master(0).says(...UP);
    keeper.hear('SIGUSR2');
    master(1).says({ act: 'hello' }, { act: 'failed', reason: 'the entry throws' }).exits({ code: 1 });
    assert.match(master(0).told('upgrade-failed')[0]?.reason ?? '', /process 1001.*the entry throws/);
    assert.deepEqual([master(0).told('succeed'), left], [[], []]);
  });

  test('is called off when the new master is not ready in time: asked to leave, then killed', () => {
    const { keeper, master, clock } = setUp();
    master(0).says(...UP, { act: 'remember', memory: { upgradeMs: 1_000 } });
    keeper.hear('SIGUSR2');
    master(1).says({ act: 'hello' });
    clock.tick(999);
    assert.deepEqual(master(1).told('signal'), []);
    clock.tick(1);
    assert.deepEqual(master(1).told('signal'), [{ act: 'signal', name: 'SIGTERM' }]);
    clock.tick(5_000);
    assert.deepEqual(master(1).signals, ['SIGKILL']);
    assert.deepEqual(master(0).told('upgrade-failed'), [], 'not before it is gone');
    master(1).exits({ signal: 'SIGKILL' });
    assert.match(master(0).told('upgrade-failed')[0]?.reason ?? '', /not ready within 1000 ms/);
  });

  test('goes on when the old master dies meanwhile', () => {
    const { keeper, master, masters, clock, left } = setUp();
    master(0).says(...UP, { act: 'remember', memory: { workers: 4 } });
    keeper.hear('SIGUSR2');
    master(1).says({ act: 'hello' });
    master(0).exits({ signal: 'SIGKILL' });
    clock.tick(600_000);
    assert.deepEqual([master(1).signals, master(1).told('alone').length], [[], 1]);
    master(1).says({ act: 'ready' }).exits({ signal: 'SIGKILL' });
    clock.tick(100);
    assert.deepEqual([masters.length, left], [3, []]);
    master(2).says({ act: 'hello' });
    assert.equal(master(2).told('birth')[0]?.memory.workers, 4);
  });

  test('one at a time: a second one meanwhile is refused, one while the old master drains waits', () => {
    const { keeper, master, masters } = setUp();
    master(0).says(...UP);
    keeper.hear('SIGUSR2');
    keeper.hear('SIGUSR2');
    assert.deepEqual([masters.length, master(0).told('upgrade-refused').length, master(0).told('upgrade-failed').length], [2, 1, 0]);
    master(1).says(...UP);
    keeper.hear('SIGUSR2');
    assert.equal(masters.length, 2);
    master(0).exits();
    assert.equal(masters.length, 3);
  });

  test('a stop meanwhile reaches both, and the keeper ends with the last', () => {
    const { keeper, master, left } = setUp();
    master(0).says(...UP);
    keeper.hear('SIGUSR2');
    master(1).says({ act: 'hello' });
    keeper.hear('SIGTERM');
    assert.deepEqual(
      [master(0), master(1)].map(({ heard }) => heard.filter(({ act }) => act === 'signal').length),
      [1, 1],
    );
    master(0).says({ act: 'stopping' }).exits();
    assert.deepEqual(left, []);
    master(1).exits();
    assert.equal(left.length, 1);
  });

  test('runs on another node only when it has succeeded', () => {
    const { keeper, master, masters, clock } = setUp();
    master(0).says(...UP, { act: 'upgrade', n: 1, node: '/opt/node' });
    assert.equal(master(1).node, '/opt/node');
    master(1).exits({ code: 1 });
    keeper.hear('SIGUSR2');
    assert.equal(master(2).node, undefined);
    master(2).exits({ code: 1 });
    master(0).says({ act: 'upgrade', n: 1, node: '/opt/node' });
    master(3).says(...UP);
    master(0).exits();
    master(3).exits({ signal: 'SIGKILL' });
    clock.tick(100);
    assert.deepEqual([masters.length, master(4).node], [5, '/opt/node']);
  });

  test('the new master gets its agent when the old one has none any more', () => {
    const { keeper, master } = setUp();
    master(0).says(...UP);
    keeper.hear('SIGUSR2');
    master(1).says({ act: 'hello' }, { act: 'yield-agent' });
    assert.deepEqual([master(0).told('yield-agent').length, master(1).told('agent-yielded').length], [1, 0]);
    master(0).says({ act: 'agent-yielded' });
    assert.equal(master(1).told('agent-yielded').length, 1);
  });
});
