import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { unitFindings } from '../../lib/cli/doctor/units.js';
import type { Finding } from '../../lib/system/finding.js';
import { runCommand } from '../support/command.js';
import { emptyFolder } from '../support/fixtures.js';
import { home } from '../support/home.js';
import { program, project, serving } from '../support/services.js';

const CHECK = { file: '/srv/s.yaml', name: 'shop', startMs: 0, stopMs: 45_000, services: [], problems: [], warnings: [] };
const unit = (...lines: string[]) => ({
  path: '/etc/systemd/system/shop.service',
  text: ['[Service]', 'Type=notify', 'NotifyAccess=all', 'KillMode=mixed', 'WorkingDirectory=/srv', ...lines].join('\n'),
});
const UP = 'ExecStart=/usr/bin/node "/opt/app cluster/bin/app-cluster.js" up /srv/s.yaml --name shop';
const find = (lines: readonly string[], exists = (_: string) => true) => unitFindings([unit(...lines)], { exists, check: async () => CHECK });
const said = (findings: readonly Finding[]) => findings.map(({ level, value }) => `${level}: ${value}`);

suite('units of systemd', () => {
  test('one that is as it should be, and one that is somebody else’s', async () => {
    assert.deepEqual(said(await find([UP, 'TimeoutStopSec=50'])), ['ok: /etc/systemd/system/shop.service']);
    assert.deepEqual(await find(['ExecStart=/usr/bin/nginx']), []);
    assert.deepEqual(await find(['ExecStart=/usr/bin/node /opt/app-cluster.js logs']), []);
  });

  test('what it names must be there', async () => {
    const findings = await find([UP], path => path.startsWith('/usr'));
    assert.deepEqual(said(findings), [
      'problem: /opt/app cluster/bin/app-cluster.js is not there',
      'problem: /srv/s.yaml is not there',
      'problem: /srv is not there',
    ]);
  });

  test('systemd must be told, must end it in order, and must be the last to lose its patience', async () => {
    assert.deepEqual(said(await find([UP, 'TimeoutStopSec=30', 'NotifyAccess=main', 'KillMode=process'])), [
      'problem: NotifyAccess is not all',
      'advice: KillMode is not mixed',
      'advice: TimeoutStopSec is below stopTimeout (45 s) and a little',
    ]);
    for (const fine of ['TimeoutStopSec=1min', 'TimeoutStopSec=infinity', 'LimitNOFILE=1']) assert.equal((await find([UP, fine]))[0]?.level, 'ok', fine);
  });
});

interface Told {
  readonly topic: string;
  readonly value: string;
  readonly level: string;
}

async function doctorIn(cwd: string, env: Record<string, string>): Promise<readonly Told[]> {
  const { stdout } = await runCommand(['doctor', '--json'], { cwd, env });
  return (JSON.parse(stdout) as Told[]).filter(({ topic }) => topic === 'services file');
}

suite('services files in the current folder', { concurrency: 2 }, () => {
  test('none: nothing is said; a good one: how many there are; ports of our own are no problem', async () => {
    using folder = emptyFolder();
    using place = home();
    assert.deepEqual(await doctorIn(folder.path, place.env), []);
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as { port: number };
    holder.close();
    await once(holder, 'close');
    await using at = project({ web: serving(port), loop: { exec: program('sleeps') } });
    await at.up();
    const [finding] = await doctorIn(at.folder, { ...at.home.env });
    assert.equal(finding?.level, 'problem', 'under another name it is not ours');
    const { stdout, code } = await at.run('up', at.folder, '--name', 'sup', '--check');
    assert.deepEqual([code, /2 services, nothing is wrong/.test(stdout)], [0, true]);
  });

  test('a broken one, a program that is missing, a port that is taken, one that two want', async () => {
    const holder = createServer().listen(0, '127.0.0.1').unref();
    await once(holder, 'listening');
    const { port } = holder.address() as { port: number };
    await using at = project({
      web: serving(port),
      gone: { exec: './nowhere' },
      one: serving(1_500),
      two: serving(1_500),
    });
    const found = await doctorIn(at.folder, at.home.env);
    assert.ok(found.every(({ level }) => level === 'problem'));
    for (const [index, text] of [
      new RegExp(`^web: port ${port} on 127.0.0.1 is taken by .*\\(pid ${process.pid}\\)`),
      /^gone: .*nowhere is neither a file/,
      /^two: port 1500 is one's already/,
    ].entries())
      assert.match(found[index]?.value ?? '', text);
    holder.close();
    writeFileSync(join(at.folder, 'app-cluster.services.json'), '{"services": {"web": {}}}');
    const [broken] = await doctorIn(at.folder, at.home.env);
    assert.match(broken?.value ?? '', /services\.web: needs exec/);
  });
});
