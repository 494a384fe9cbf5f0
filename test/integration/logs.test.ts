import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { connect } from '../../lib/index.js';
import { Framer } from '../../lib/logger/framing.js';
import { Recorder } from '../../lib/logger/recorder.js';
import { formatLine } from '../../lib/protocol/log-line.js';
import { freePort } from '../../lib/system/free-port.js';
import { tailLog } from '../../lib/system/log-tail.js';
import { PendingChunk } from '../../lib/system/pending-chunk.js';
import { RotatingFile } from '../../lib/system/rotating-file.js';
import { ask } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { COMMAND, emptyFolder, fixture } from '../support/fixtures.js';
import { type Home, home } from '../support/home.js';

const WRITES = fixture('apps/writes.js');
const ALL = 10_000_000;

async function textsIn(folder: string): Promise<string[]> {
  const texts: string[] = [];
  for await (const { text } of tailLog({ folder, lines: ALL, follow: false, fits: () => true })) texts.push(text);
  return texts;
}

const folderOf = (place: Home, name = 'web') => join(place.path, 'state', name, 'log');

const loggersOf = (pid: number) =>
  readdirSync('/proc')
    .map(Number)
    .filter(candidate => Number.isInteger(candidate) && isLoggerOf(candidate, pid));

function isLoggerOf(candidate: number, pid: number): boolean {
  try {
    return readFileSync(`/proc/${candidate}/environ`, 'utf8').includes(`APP_CLUSTER_LOGGER_OF=${pid}-`);
  } catch {
    return false;
  }
}

suite('logs', { concurrency: 2 }, () => {
  test('everything that master and workers write is recorded, framed, and still on the terminal', async () => {
    using place = home(true);
    await using cluster = await place.start(WRITES);
    await ask(cluster.port, '/?lines=3');
    await ask(cluster.port, '/error');
    await eventually(() => /Error: told to/.test(place.log('web')));
    await cluster.stop();
    const log = place.log('web');
    assert.match(log, /^\S+Z app#\d:\d+ out \| worker \d line 0 x+$/m);
    assert.match(log, /^\S+Z app#\d:\d+ err \| Error: told to\n\S+Z app#\d:\d+ err : {5}at /m);
    assert.match(log, /^\S+Z master:\d+ out \| .*\[master\] .* start =+$/m);
    assert.match(log, /\[master\] exit with code:0\n/);
    assert.match(cluster.output(), /worker \d line 2 x+/);
    assert.match(cluster.stderr(), /Error: told to/);
  });

  test('rotation under load loses no line, compresses what is old, and keeps no more than it should', async () => {
    using place = home(true);
    await using cluster = await place.start(WRITES, { args: ['--log-max-size', '1M', '--log-keep', '8'] });
    for (let n = 0; n < 8; n++) await ask(cluster.port, '/?lines=5000');
    await cluster.stop();
    const texts = (await textsIn(folderOf(place))).filter(text => / line \d+ x/.test(text));
    assert.equal(texts.length, 40_000);
    const files = readdirSync(folderOf(place));
    assert.ok(files.filter(file => file.endsWith('.gz')).length >= 3, files.join(' '));
    assert.deepEqual(
      files.filter(file => file.endsWith('.tmp') || file.startsWith('pending')),
      [],
    );
  });

  test('what is written right before process.exit is there', async () => {
    using place = home(true);
    await using cluster = await place.start(WRITES, { workers: 1 });
    await ask(cluster.port, '/exit').catch(() => {});
    await cluster.waitFor('child-left', ({ failed }) => failed);
    await cluster.stop();
    assert.equal((await textsIn(folderOf(place))).filter(text => text.startsWith('last ')).length, 5_000);
  });

  test('a logger that is killed again and again loses nothing, and the service does not notice', async () => {
    using place = home(true);
    await using cluster = await place.start(WRITES);
    let asked = 0;
    const allRecorded = async () => (await textsIn(folderOf(place))).filter(text => / line \d+ x/.test(text)).length === asked * 20;
    for (let kill = 0; kill < 5; kill++) {
      await eventually(() => loggersOf(cluster.masterPid).length === 1);
      for (let n = 0; n < 5; n++, asked++) await ask(cluster.port, '/?lines=20');
      await eventually(allRecorded); // A kill between its read and its write can cost that read: measured, not promised.
      for (const pid of loggersOf(cluster.masterPid)) process.kill(pid, 'SIGKILL');
      for (let n = 0; n < 5; n++, asked++) await ask(cluster.port, '/?lines=20');
    }
    await eventually(allRecorded);
    const status = await (await connect(place.socket('web'))).status();
    assert.ok(status.logs.restarts >= 4, String(status.logs.restarts));
    assert.equal(status.logs.droppedLines, 0);
  });

  test('the logger outlives a killed master until its workers have said their last', async () => {
    using place = home(true);
    await using cluster = await place.start(WRITES, { workers: 1, args: ['--no-keeper'] });
    const [logger = 0] = loggersOf(cluster.masterPid);
    cluster.kill(cluster.pid);
    await cluster.exited;
    await eventually(() => !existsSync(`/proc/${logger}`));
    assert.match(place.log('web'), /app#1:\d+ out . .*exit with code:0/);
  });

  test('files that may not grow (RLIMIT_FSIZE): lines are dropped and counted, requests are served', async () => {
    using place = home(true);
    const port = await freePort(20_000 + (process.pid % 10_000)); // Below those that the kernel gives to whoever asks for any.
    const flags = `start ${WRITES} --workers 1 --port ${port} --name web --log-max-size 1G`;
    const master = spawn('sh', ['-c', `ulimit -f 100; exec ${process.execPath} ${COMMAND} ${flags}`], {
      env: { ...process.env, ...place.env },
      stdio: 'ignore',
    });
    await eventually(() =>
      ask(port).then(
        ({ status }) => status === 200,
        () => false,
      ),
    );
    for (let n = 0; n < 6; n++) assert.equal((await ask(port, '/?lines=2000')).status, 200);
    const client = await connect(place.socket('web'));
    assert.equal((await ask(port)).status, 200);
    const { logs } = await client.status();
    assert.ok(logs.folder !== undefined);
    await client.stop();
    await once(master, 'exit');
    assert.ok((await textsIn(folderOf(place))).length > 0);
  });

  test('at most so many records', async () => {
    using place = home(true);
    await using cluster = await place.start(WRITES, { workers: 1, args: ['--log-records', '20'] });
    const leaving = new AbortController();
    let seen = 0;
    const following = (async () => {
      for await (const { text } of tailLog({ folder: folderOf(place), lines: 0, follow: true, fits: () => true }, leaving.signal))
        if (/ line 0 x/.test(text)) seen++;
    })();
    // Lines of one read are one record: each is asked for when the one before is there.
    try {
      for (let n = 1; n <= 30; n++) {
        await ask(cluster.port, '/?lines=1');
        await eventually(() => seen === n);
      }
    } finally {
      leaving.abort();
      await following;
    }
    await cluster.stop();
    const files = readdirSync(folderOf(place)).filter(file => file.endsWith('.log'));
    let records = 0;
    for await (const { kind } of tailLog({ folder: folderOf(place), lines: ALL, follow: false, fits: () => true })) if (kind === 'record') records++;
    assert.ok(records <= 20 && records >= 15, `${records} records in ${files.length} files`);
  });

  test('logrotate may rename the file: reopen-logs opens a new one; --flush drops all', async () => {
    using place = home(true);
    await using cluster = await place.start(WRITES, { workers: 1 });
    await ask(cluster.port, '/?lines=1');
    await eventually(() => /line 0/.test(place.log('web')));
    const current = join(folderOf(place), 'current.log');
    renameSync(current, join(folderOf(place), 'moved.by.logrotate'));
    assert.equal((await place.run('reopen-logs', 'web')).code, 0);
    await ask(cluster.port, '/?lines=2');
    await eventually(() => /line 1/.test(place.log('web')));
    assert.ok(!/line 0 x+\n.*line 0/s.test(place.log('web')));
    assert.equal((await place.run('logs', 'web', '--flush')).code, 0);
    assert.ok(!/line 1/.test(place.log('web')));
  });

  test('JSON lines', async () => {
    using place = home(true);
    await using cluster = await place.start(WRITES, { workers: 1, args: ['--log-json'] });
    await ask(cluster.port, '/?lines=1');
    await eventually(() => /line 0/.test(place.log('web')));
    const lines = place.log('web').trimEnd().split('\n');
    for (const line of lines) assert.deepEqual(Object.keys(JSON.parse(line) as object).slice(0, 4), ['time', 'source', 'stream', 'kind']);
  });

  test('logs: the last lines, of one worker, with a text; also of what has ended; and it follows', async () => {
    using place = home(true);
    await using cluster = await place.start(WRITES, { workers: 1 });
    await ask(cluster.port, '/?lines=50');
    await ask(cluster.port, '/error');
    await eventually(() => /Error: told to/.test(place.log('web')));
    const lines = async (...args: string[]) => (await place.run('logs', 'web', ...args)).stdout.trimEnd().split('\n');
    assert.equal((await lines('-n', '5')).length, 5);
    assert.ok((await lines('--worker', '1', '-n', '1000')).every(line => line.includes('app#1')));
    assert.ok((await lines('--worker', 'master')).every(line => line.includes('master')));
    assert.match((await lines('--grep', 'told to')).join('\n'), /Error: told to\n.*at /);
    assert.equal((await lines('--since', '1h', '--grep', 'line 7 ')).length, 1);
    const [first = '{}'] = await lines('--json', '-n', '1');
    assert.ok('source' in (JSON.parse(first) as object));
    const follower = spawn(process.execPath, [COMMAND, 'logs', 'web', '-f', '-n', '0', '--json'], {
      env: { ...process.env, ...place.env },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let heard = '';
    follower.stdout.setEncoding('utf8').on('data', text => {
      heard += text;
    });
    await eventually(async () => {
      await ask(cluster.port, '/?lines=1');
      return heard.includes('line 0');
    });
    follower.kill('SIGINT');
    assert.deepEqual(await once(follower, 'exit'), [0, null]);
    await cluster.stop();
    assert.equal((await lines('-n', '3')).length, 3);
  });
});

suite('logs in trouble', { concurrency: 2 }, () => {
  test('a log folder that is open to others is not used: nothing is recorded, and nobody waits for a reader', async () => {
    using place = home(true);
    using folder = emptyFolder();
    chmodSync(folder.path, 0o755);
    await using cluster = await place.start(WRITES, { workers: 1, args: ['--log-dir', folder.path] });
    for (let n = 0; n < 5; n++) assert.equal((await ask(cluster.port, '/?lines=4000')).status, 200);
    assert.match(cluster.output(), /Nothing is recorded: .*open to others/);
    assert.equal((await place.run('logs', 'web')).code, 64);
  });

  test('a terminal that nobody reads holds up nobody: requests are served, all is recorded, stop takes no longer', async () => {
    using place = home(true);
    const port = await freePort(10_000 + (process.pid % 9_000));
    const master = spawn(process.execPath, [COMMAND, 'start', WRITES, '--workers', '1', '--port', String(port), '--name', 'web'], {
      env: { ...process.env, ...place.env },
      stdio: ['ignore', 'pipe', 'pipe'], // Nobody listens: after 64 KiB they are full.
    });
    await eventually(() =>
      ask(port).then(
        ({ status }) => status === 200,
        () => false,
      ),
    );
    for (let n = 0; n < 5; n++) assert.equal((await ask(port, '/?lines=4000')).status, 200);
    const ended = once(master, 'exit');
    assert.equal((await place.run('stop', 'web')).code, 0);
    assert.deepEqual(await ended, [0, null]);
    assert.equal((await textsIn(folderOf(place))).filter(text => / line \d+ x/.test(text)).length, 20_000);
  });

  test('two loggers of one folder, an old one and its successor, lose nothing', async () => {
    using place = home(true);
    const old = await place.start(WRITES, { workers: 1, args: ['--no-keeper', '--log-max-size', '200K'] });
    await ask(old.port, '/?lines=100');
    const [worker = 0] = old.workers();
    process.kill(worker, 'SIGSTOP'); // It has not left when the next one starts.
    old.kill(old.pid);
    await old.exited;
    await using young = await place.start(WRITES, { workers: 1, args: ['--log-max-size', '200K'] });
    for (let n = 0; n < 4; n++) await ask(young.port, '/?lines=2000');
    process.kill(worker, 'SIGCONT');
    await eventually(() => !existsSync(`/proc/${worker}`));
    await eventually(() => loggersOf(old.masterPid).length === 0);
    await young.stop();
    const texts = await textsIn(folderOf(place));
    assert.equal(texts.filter(text => / line \d+ x/.test(text)).length, 8_100);
    assert.ok(
      texts.some(text => text.includes(`${worker} [app_worker] exit with code:0`)),
      'the last words of the old one',
    );
    await old[Symbol.asyncDispose]();
  });

  test('a follower of a file that is not there waits, and sees what comes, over two rotations at once', async () => {
    using folder = emptyFolder();
    const leaving = new AbortController();
    const seen: string[] = [];
    const following = (async () => {
      for await (const { text } of tailLog({ folder: folder.path, lines: 10, follow: true, fits: () => true }, leaving.signal)) seen.push(text);
    })();
    await new Promise(resolve => setImmediate(resolve)); // It has looked, and lets others have their turn.
    const file = new RotatingFile({ folder: folder.path, maxBytes: 1_000, keep: 1_000, totalBytes: 10_000_000 });
    const write = (n: number) =>
      file.write(Buffer.from(`${formatLine({ time: new Date().toISOString(), source: 's:1', stream: 'out', kind: 'record', text: String(n) })}\n`), 1);
    write(0);
    await eventually(() => seen.length === 1);
    for (let n = 1; n <= 100; n++) write(n); // Several files within one look.
    await eventually(() => seen.length === 101);
    leaving.abort();
    await following;
    await file.close();
    assert.deepEqual(
      seen,
      Array.from({ length: 101 }, (_, n) => String(n)),
    );
  });

  test('since and a filter: what is older in time is found behind files where nothing fits', async () => {
    using folder = emptyFolder();
    const file = new RotatingFile({ folder: folder.path, maxBytes: 500, keep: 1_000, totalBytes: 10_000_000 });
    const write = (text: string) =>
      file.write(Buffer.from(`${formatLine({ time: new Date().toISOString(), source: 's:1', stream: 'out', kind: 'record', text })}\n`), 1);
    write('needle');
    for (let n = 0; n < 100; n++) write(`hay ${n}`);
    await file.close();
    const found: string[] = [];
    const since = new Date(Date.now() - 60_000).toISOString();
    for await (const { text } of tailLog({ folder: folder.path, lines: 10, follow: false, since, fits: ({ text }) => text === 'needle' })) found.push(text);
    assert.deepEqual(found, ['needle']);
  });

  test('what the master has said meanwhile is not cut off with a half written chunk', () => {
    using folder = emptyFolder();
    const file = new RotatingFile({ folder: folder.path, maxBytes: 1e9, keep: 1, totalBytes: 1e9 });
    const framerOf = (source: string) => new Framer({ source, stream: 'out', isJson: false });
    const recorder = (pid: number) =>
      new Recorder({ file, folder: folder.path, pid, own: framerOf('logger:1'), now: () => new Date(0).toISOString(), onDropped: () => {} });
    const dead = 2 ** 22 + 7; // No such process.
    const first = recorder(dead);
    first.recover(framerOf);
    const app = framerOf('app#1:2');
    first.recordChunk(Buffer.from('one\n'), app);
    first.prepare(app);
    first.record(framerOf('master:1').frame('of the master\n', new Date(0).toISOString()));
    const { save } = PendingChunk.prototype;
    PendingChunk.prototype.save = function (header, bytes) {
      save.call(this, header, bytes);
      throw new Error('killed');
    };
    assert.throws(() => first.recordChunk(Buffer.from('two\n'), app), /killed/);
    PendingChunk.prototype.save = save;
    recorder(process.pid).recover(framerOf);
    const texts = readFileSync(file.path, 'utf8')
      .trimEnd()
      .split('\n')
      .map(line => line.split('| ')[1]);
    assert.deepEqual(texts, ['one', 'of the master', 'two']);
  });
});

suite('a log file', () => {
  const spec = (folder: string) => ({ folder, maxBytes: 1_000, keep: 3, totalBytes: 100_000 });
  const line = (n: number) => Buffer.from(`${String(n).padStart(4, '0')} ${'x'.repeat(94)}\n`);

  test('is put aside when it is full, and the oldest go', async () => {
    using folder = emptyFolder();
    const file = new RotatingFile(spec(folder.path));
    for (let n = 0; n < 100; n++) assert.equal(file.write(line(n), 1), undefined);
    await file.close();
    assert.equal(readdirSync(folder.path).filter(name => name.endsWith('.gz')).length, 3);
  });

  test('goes on after a folder that vanished, and tells why it cannot be written', async () => {
    const folder = mkdtempSync(join(emptyFolder().path, '..', 'app-cluster-log-'));
    const file = new RotatingFile(spec(folder));
    assert.equal(file.write(line(1), 1), undefined);
    rmSync(folder, { recursive: true });
    for (let n = 0; n < 20; n++) file.write(line(n), 1);
    assert.ok(existsSync(file.path));
    await file.close();
    rmSync(folder, { recursive: true });
    const nowhere = new RotatingFile(spec('/proc/nope'));
    assert.match(nowhere.write(line(1), 1) ?? '', /cannot be made|ENOENT|UNSAFE/);
    await nowhere.close();
  });
});
