import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cgroupFolders } from '../../lib/system/cgroup.js';
import { diskFinding, freeSpaceFinding } from '../../lib/system/disk-space.js';
import { type Finding, inBytes, parseCount } from '../../lib/system/finding.js';
import { type InitFacts, initFinding, initSystem } from '../../lib/system/init-system.js';
import { backlogFinding, kernelFindings, migrationFinding, openFilesFinding, parseOpenFiles } from '../../lib/system/kernel-limits.js';
import { heldSocketsFinding, machineFindings, nodeFinding, platformFinding, userFinding } from '../../lib/system/machine-facts.js';
import { allowedMemory, cgroupMemoryLimit, memoryFindings, oomKills, parseOomKills } from '../../lib/system/memory-limit.js';

const GIGABYTE = 1024 ** 3;
const filesOf = (files: Readonly<Record<string, string>>) => (path: string) => files[path];
const levelsOf = (findings: readonly Finding[]) => findings.map(({ level }) => level);

const LIMITS = `Limit                     Soft Limit           Hard Limit           Units     
Max cpu time              unlimited            unlimited            seconds   
Max processes             96365                96365                processes 
Max open files            1024                 524288               files     
Max locked memory         8388608              8388608              bytes     
`;

test('the version of Node: too old is a problem, and what it lacks is said', () => {
  const finding = (version: string, has: boolean) => nodeFinding({ version, hasReusePort: has, runsTypeScript: has });
  assert.deepEqual(levelsOf(['v18.20.8', 'v20.18.3', 'v20.19.0', 'v22.18.0', 'v26.0.0', 'nonsense'].map(version => finding(version, true))), [
    'problem',
    'problem',
    'ok',
    'ok',
    'ok',
    'problem',
  ]);
  assert.match(finding('v20.20.2', false).value, /^v20\.20\.2, no reusePort \(Node 22\.12 .*\), no TypeScript of its own \(Node 22\.18 /);
  assert.equal(finding('v24.1.0', true).value, 'v24.1.0');
});

test('the operating system: only Linux needs no advice', () => {
  const finding = (platform: string) => platformFinding({ platform, release: '6.1.0', arch: 'arm64' });
  assert.deepEqual(finding('linux'), { topic: 'operating system', value: 'linux 6.1.0, arm64', level: 'ok' });
  for (const [platform, word] of [
    ['darwin', /macOS/],
    ['win32', /Windows/],
    ['freebsd', /freebsd/],
  ] as const) {
    assert.equal(finding(platform).level, 'advice');
    assert.match(finding(platform).advice ?? '', word);
  }
});

const BARE: InitFacts = { platform: 'linux', hasSystemdFolder: false, hasInittab: false, hasContainerFile: false, isKubernetes: false };
for (const [title, facts, expected] of [
  ['macOS', { platform: 'darwin' }, 'launchd'],
  ['Windows', { platform: 'win32' }, 'windows'],
  ['a machine with systemd', { firstCommand: 'systemd', hasSystemdFolder: true }, 'systemd'],
  ['pid 1 that is not readable', { hasSystemdFolder: true }, 'systemd'],
  ['Docker', { firstCommand: 'node', hasContainerFile: true }, 'container'],
  ['Kubernetes', { firstCommand: 'tini', isKubernetes: true }, 'container'],
  ['a container that runs systemd', { firstCommand: 'systemd', hasSystemdFolder: true, hasContainerFile: true }, 'systemd'],
  ["a container that sees its host's /run", { firstCommand: 'node', hasSystemdFolder: true, isKubernetes: true }, 'container'],
  ['sysvinit', { firstCommand: 'init', hasInittab: true }, 'sysvinit'],
  ['an init that is not known: WSL, OpenRC', { firstCommand: 'init' }, 'other'],
  ['a container of sysvinit’s', { firstCommand: 'init', hasInittab: true, hasContainerFile: true }, 'container'],
  ['another system', { platform: 'freebsd' }, 'other'],
] as const) {
  test(`the init system: ${title}`, () => assert.equal(initSystem({ ...BARE, ...facts }), expected));
}

test('the init system is told with its first process', () => {
  assert.equal(initFinding({ ...BARE, firstCommand: 'init' }).value, 'another (pid 1: init)');
  assert.equal(initFinding({ ...BARE, platform: 'darwin' }).value, 'launchd');
});

test('open files: parsed, unlimited too, and nonsense is none', () => {
  assert.deepEqual(parseOpenFiles(LIMITS), { soft: 1_024, hard: 524_288 });
  const unlimited = { soft: Number.POSITIVE_INFINITY, hard: Number.POSITIVE_INFINITY };
  assert.deepEqual(parseOpenFiles('Max open files            unlimited            unlimited            files'), unlimited);
  for (const text of ['', 'Max open files', 'Max open files 12', 'Max open files -1 many files']) assert.equal(parseOpenFiles(text), undefined);
});

test('open files: few are a problem, some need advice', () => {
  const levels = [1_023, 1_024, 65_535, 65_536, Number.POSITIVE_INFINITY].map(soft => openFilesFinding({ soft, hard: soft }).level);
  assert.deepEqual(levels, ['problem', 'advice', 'advice', 'ok', 'ok']);
  assert.match(openFilesFinding({ soft: 20, hard: 4_096 }).advice ?? '', /LimitNOFILE.*ulimit -n/);
  assert.equal(openFilesFinding({ soft: 70_000, hard: Number.POSITIVE_INFINITY }).value, 'soft 70000, hard unlimited');
});

test('the backlog and the migration of waiting connections', () => {
  assert.deepEqual(levelsOf([128, 1_023, 1_024, 4_096].map(backlogFinding)), ['advice', 'advice', 'ok', 'ok']);
  assert.match(backlogFinding(128).value, /128.*511/);
  assert.match(backlogFinding(128).advice ?? '', /somaxconn.*511/);
  assert.match(migrationFinding(0).value, /^off/);
  assert.match(migrationFinding(1).value, /^on/);
});

test('limits of the kernel: what is missing or nonsense is left out', () => {
  const files = { '/proc/self/limits': LIMITS, '/proc/sys/net/core/somaxconn': '4096\n', '/proc/sys/net/ipv4/tcp_migrate_req': '0\n' };
  assert.deepEqual(levelsOf(kernelFindings(filesOf(files))), ['advice', 'ok', 'ok']);
  assert.deepEqual(
    kernelFindings(() => undefined),
    [],
  );
  assert.deepEqual(
    kernelFindings(() => 'garbage'),
    [],
  );
});

test('cgroup folders: from the own group to the root, of both versions', () => {
  const read = filesOf({ '/proc/self/cgroup': '9:name=systemd:/\n4:memory,hugetlb:/a/b\n1:cpu:/\n0::/x\n' });
  assert.deepEqual(cgroupFolders('memory', read), {
    v2: ['/sys/fs/cgroup/x', '/sys/fs/cgroup'],
    v1: ['memory', 'memory,hugetlb'].flatMap(name => ['/a/b', '/a', ''].map(path => `/sys/fs/cgroup/${name}${path}`)),
  });
  assert.deepEqual(cgroupFolders('cpu', read).v1, ['/sys/fs/cgroup/cpu']);
  const none = { v2: [], v1: [] };
  for (const text of [undefined, '', 'garbage', '0::relative', '::/']) {
    assert.deepEqual(
      cgroupFolders('memory', () => text),
      none,
    );
  }
});

test('cgroup v2: the tightest memory limit on the way to the root, kills of the own group', () => {
  const files = {
    '/proc/self/cgroup': '0::/a/b\n',
    '/sys/fs/cgroup/a/b/memory.max': 'max\n',
    '/sys/fs/cgroup/a/memory.max': `${2 * GIGABYTE}\n`,
    '/sys/fs/cgroup/memory.max': `${4 * GIGABYTE}\n`,
    '/sys/fs/cgroup/a/b/memory.events': 'low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n',
    '/sys/fs/cgroup/a/memory.events': 'oom_kill 9\n',
  };
  assert.equal(cgroupMemoryLimit(filesOf(files)), 2 * GIGABYTE);
  assert.equal(oomKills(filesOf(files)), 2);
  const [memory, kills] = memoryFindings(8 * GIGABYTE, filesOf(files));
  assert.equal(memory?.value, '8.0 GB, the cgroup allows 2.0 GB');
  assert.equal(kills?.level, 'advice');
  assert.match(kills?.value ?? '', /^2 /);
});

test('cgroup v1: a limit that is none, and a container whose own group is mounted as the root', () => {
  const at = (folder: string, limit: string) => ({
    '/proc/self/cgroup': '4:memory:/docker/x\n0::/\n',
    [`${folder}/memory.limit_in_bytes`]: `${limit}\n`,
    [`${folder}/memory.oom_control`]: 'oom_kill_disable 0\nunder_oom 0\noom_kill 0\n',
  });
  assert.equal(cgroupMemoryLimit(filesOf(at('/sys/fs/cgroup/memory/docker/x', '9223372036854771712'))), undefined);
  const files = at('/sys/fs/cgroup/memory', '536870912');
  assert.equal(cgroupMemoryLimit(filesOf(files)), 536_870_912);
  const [memory, kills] = memoryFindings(GIGABYTE, filesOf(files));
  assert.equal(memory?.value, '1.0 GB, the cgroup allows 512 MB');
  assert.deepEqual(kills, { topic: 'out-of-memory kills', value: 'none in this cgroup', level: 'ok' });
});

test('memory without cgroups, with nonsense in them, with a limit above what there is', () => {
  const expected = [{ topic: 'memory', value: '1.0 GB, no limit by a cgroup', level: 'ok' }];
  assert.deepEqual(
    memoryFindings(GIGABYTE, () => undefined),
    expected,
  );
  const read = (content: string) => (path: string) => (path === '/proc/self/cgroup' ? '0::/\n2:memory:/' : content);
  assert.deepEqual(memoryFindings(GIGABYTE, read('garbage')), expected);
  assert.deepEqual(memoryFindings(GIGABYTE, read(String(2 * GIGABYTE))), expected);
});

test('what all processes may hold: the cgroup, or the machine where there is no limit, or a huge one', () => {
  const v2 = (limit: string) => filesOf({ '/proc/self/cgroup': '0::/a\n', '/sys/fs/cgroup/a/memory.max': `${limit}\n` });
  const v1 = (limit: string) => filesOf({ '/proc/self/cgroup': '3:memory:/a\n', '/sys/fs/cgroup/memory/a/memory.limit_in_bytes': `${limit}\n` });
  assert.equal(allowedMemory(v2('536870912'), GIGABYTE), 536_870_912);
  assert.equal(allowedMemory(v1('536870912'), GIGABYTE), 536_870_912);
  for (const read of [v2('max'), v2(String(2 * GIGABYTE)), v1('9223372036854771712'), () => undefined]) assert.equal(allowedMemory(read, GIGABYTE), GIGABYTE);
});

test('no parser throws, whatever the file holds', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.nat(), (text, count) => {
      parseOpenFiles(text);
      parseOpenFiles(`Max open files ${text} ${text}`);
      parseOomKills(text);
      cgroupFolders('memory', () => text);
      cgroupFolders('memory', () => `0::/${text}`);
      kernelFindings(() => text);
      memoryFindings(GIGABYTE, () => text);
      return parseCount(`${count}\n`) === count;
    }),
  );
});

test('free space: little needs advice, very little is a problem', async () => {
  const levels = [2 * GIGABYTE, GIGABYTE - 1, 100 * 1024 ** 2, 100 * 1024 ** 2 - 1, 0].map(bytes => freeSpaceFinding('/x', bytes).level);
  assert.deepEqual(levels, ['ok', 'advice', 'advice', 'problem', 'problem']);
  assert.match((await diskFinding('.')).value, /^[\d.]+ [GM]B free for \.$/);
});

test('the disk of a folder that is missing is unknown', async () => {
  const { value, level, advice } = await diskFinding('/nowhere/at/all');
  assert.match(value, /^unknown for \/nowhere\/at\/all \(ENOENT/);
  assert.equal(level, 'advice');
  assert.match(advice ?? '', /\/nowhere\/at\/all/);
});

test('root, and sockets that cannot be held', () => {
  assert.equal(userFinding(false).level, 'ok');
  assert.match(userFinding(true).advice ?? '', /--user/);
  assert.equal(heldSocketsFinding(() => undefined).level, 'ok');
  const broken = heldSocketsFinding(() => {
    throw new TypeError('the signature is another');
  });
  assert.equal(broken.level, 'problem');
  assert.match(broken.value, /the signature is another/);
  assert.match(heldSocketsFinding(() => 'this Node has none').value, /this Node has none/);
});

test('bytes for people', () => {
  assert.deepEqual([0, 1024 ** 2, GIGABYTE - 1, 1.5 * GIGABYTE].map(inBytes), ['0 MB', '1 MB', '1023 MB', '1.5 GB']);
});

test('this machine: every topic once, and what is not ok comes with advice', async () => {
  const findings = await machineFindings();
  const topics = findings.map(({ topic }) => topic);
  assert.equal(new Set(topics).size, topics.length);
  for (const topic of ['Node.js', 'operating system', 'init system', 'CPUs', 'memory', 'user', 'held sockets']) assert.ok(topics.includes(topic), topic);
  for (const { topic, value, level, advice } of findings) assert.ok(value !== '' && (level === 'ok') === (advice === undefined), topic);
  assert.equal(findings.find(({ topic }) => topic === 'Node.js')?.level, 'ok');
});
