import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { cgroupQuota, usableCpus } from '../../lib/system/cpu-limit.js';
import { freePort, isPortTaken } from '../../lib/system/free-port.js';
import { listeningInodes, portOwner } from '../../lib/system/port-owner.js';
import { isAlive } from '../../lib/system/process-tree.js';

const filesOf = (files: Record<string, string>) => (path: string) => files[path];

test('cgroup v2: the tightest quota on the way to the root counts', () => {
  const files = {
    '/proc/self/cgroup': '0::/a/b\n',
    '/sys/fs/cgroup/a/b/cpu.max': 'max 100000\n',
    '/sys/fs/cgroup/a/cpu.max': '150000 100000\n',
    '/sys/fs/cgroup/cpu.max': '400000 100000',
  };
  assert.equal(cgroupQuota(filesOf(files)), 1.5);
});

test('cgroup v1: quota by period, -1 is none', () => {
  const at = (quota: string) =>
    filesOf({
      '/proc/self/cgroup': '4:cpu,cpuacct:/docker/x\n',
      '/sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_quota_us': quota,
      '/sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_period_us': '100000',
    });
  assert.equal(cgroupQuota(at('250000')), 2.5);
  assert.equal(cgroupQuota(at('-1')), undefined);
});

test('without cgroups, or with nonsense in them, there is no quota', () => {
  assert.equal(
    cgroupQuota(() => undefined),
    undefined,
  );
  assert.equal(
    cgroupQuota(path => (path === '/proc/self/cgroup' ? '0::/' : 'garbage')),
    undefined,
  );
});

test('the number of CPUs says where it comes from', () => {
  const { count, why } = usableCpus();
  assert.ok(Number.isInteger(count) && count >= 1);
  assert.match(why, /CPU/);
});

test('the holder of a port is found', async () => {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  assert.match(portOwner(port), new RegExp(`^pid ${process.pid} \\(.+\\)$`));
  assert.equal(await isPortTaken(port), true);
  server.close();
  await once(server, 'close');
  assert.equal(portOwner(port), 'not visible');
  assert.equal(await isPortTaken(port), false);
});

test('only listening sockets of that very port count', () => {
  const row = (address: string, state: string, inode: number) =>
    `   0: ${address} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000 0 0 ${inode} 1`;
  const table = [
    '  sl  local_address rem_address   st',
    row('00000000:1B59', '0A', 111),
    row('0100007F:1B59', '01', 222),
    row('00000000:1B5A', '0A', 333),
  ].join('\n');
  assert.deepEqual([...listeningInodes(0x1b59, path => (path.endsWith('tcp') ? table : ''))], ['111']);
});

test('a host that is no address of ours never reaches the port finder', async () => {
  for (const host of ['fe80::1', 'xn--', 'example.invalid', '192.0.2.1']) assert.equal(await isPortTaken(7_001, host), false);
  assert.ok((await freePort(0, 'fe80::1%nope0')) > 0);
});

test('a process is alive or not', () => {
  assert.equal(isAlive(process.pid), true);
  assert.equal(isAlive(4_194_303), false);
});
