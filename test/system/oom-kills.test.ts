import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OomKills } from '../../lib/system/oom-kills.js';

/** A machine whose counter the test sets, as the files look there. */
function machine(kind: 'v1' | 'v2' | 'v2 local' | 'none') {
  const state = { kills: 0 };
  const group = '/kubepods/pod1';
  const events = () => `low 0\nhigh 0\nmax 12\noom 3\noom_kill ${state.kills}\noom_group_kill 0\n`;
  const files: Readonly<Record<string, Readonly<Record<string, () => string>>>> = {
    v1: {
      '/proc/self/cgroup': () => `12:cpu,cpuacct:${group}\n4:memory:${group}\n1:name=systemd:${group}\n0::/\n`,
      [`/sys/fs/cgroup/memory${group}/memory.oom_control`]: () => `oom_kill_disable 0\nunder_oom 0\noom_kill ${state.kills}\n`,
      [`/sys/fs/cgroup/memory${group}/memory.limit_in_bytes`]: () => '536870912\n',
    },
    v2: {
      '/proc/self/cgroup': () => `0::${group}\n`,
      [`/sys/fs/cgroup${group}/memory.events`]: events,
      [`/sys/fs/cgroup${group}/memory.max`]: () => 'max\n',
      '/sys/fs/cgroup/kubepods/memory.max': () => '536870912\n',
      '/sys/fs/cgroup/kubepods/memory.events': () => 'oom_kill 77\n',
    },
    'v2 local': { '/proc/self/cgroup': () => `0::${group}\n`, [`/sys/fs/cgroup${group}/memory.events.local`]: events },
    none: {},
  };
  const kills = new OomKills(path => files[kind]?.[path]?.());
  kills.look();
  return { kills, state };
}

for (const kind of ['v1', 'v2', 'v2 local'] as const) {
  test(`cgroup ${kind}: a kill that was counted explains one death, and no second`, () => {
    const { kills, state } = machine(kind);
    assert.deepEqual(kills.explain(), { isOutOfMemory: false });
    state.kills = 1;
    assert.deepEqual(kills.explain(), { isOutOfMemory: true, memoryLimitBytes: kind === 'v2 local' ? undefined : 536_870_912 });
    assert.equal(kills.explain().isOutOfMemory, false);
    kills.look();
    kills.look();
    assert.equal(kills.explain().isOutOfMemory, false);
    state.kills = 3;
    assert.deepEqual(
      [kills.explain(), kills.explain(), kills.explain()].map(({ isOutOfMemory }) => isOutOfMemory),
      [true, true, false],
    );
  });
}

test('one that was counted long ago explains nothing: it was a process that nobody here looks after', () => {
  const { kills, state } = machine('v2');
  state.kills = 1;
  kills.look();
  assert.equal(kills.explain().isOutOfMemory, true, 'a large process takes its time to go');
  const { kills: others, state: other } = machine('v2');
  other.kills = 1;
  others.look();
  others.look();
  assert.equal(others.explain().isOutOfMemory, false);
});

test('where nobody counts nothing is claimed', () => {
  const { kills } = machine('none');
  kills.look();
  assert.deepEqual(kills.explain(), { isOutOfMemory: undefined });
  assert.deepEqual(new OomKills(() => 'garbage').explain(), { isOutOfMemory: undefined });
});
