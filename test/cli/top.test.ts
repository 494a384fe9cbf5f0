import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { INITIAL, onKey, rowsOf, type Seen, selectedAt, type TopState } from '../../lib/cli/top/state.js';
import { heightOf, screenOf } from '../../lib/cli/top/view.js';
import type { InstanceStatus, WorkerStatus } from '../../lib/protocol/snapshot.js';

process.env['NO_COLOR'] = '1';

const worker = (id: number, more: Partial<WorkerStatus> = {}): WorkerStatus => ({
  role: 'app',
  id,
  pid: 100 + id,
  slot: id - 1,
  generation: 1,
  status: 'ready',
  ageMs: 5_000,
  restarts: 0,
  ...more,
});
const seen = (name: string, workers: readonly WorkerStatus[]): Seen => ({
  name,
  pid: 10,
  address: 'http://127.0.0.1:1',
  status: { status: 'running', uptimeMs: 1, master: {}, workers } as unknown as InstanceStatus,
});
const TWO = [seen('b', [worker(1, { cpuPercent: 90 }), worker(2, { cpuPercent: 95 })]), seen('a', [worker(1)])];
const press = (state: TopState, ...names: string[]) => names.reduce((now, name) => onKey(now, { name }, rowsOf(TWO, now), 10).state, state);

suite('top', () => {
  test('instances by name, workers below; folded, instances alone', () => {
    assert.deepEqual(
      rowsOf(TWO, INITIAL).map(({ key }) => key),
      ['a', 'a app1', 'b', 'b app1', 'b app2'],
    );
    assert.deepEqual(
      rowsOf(TWO, { ...INITIAL, isFolded: true }).map(({ key }) => key),
      ['a', 'b'],
    );
  });

  test('by CPU the busiest comes first, workers as well', () => {
    assert.deepEqual(
      rowsOf(TWO, press(INITIAL, 's')).map(({ key }) => key),
      ['b', 'b app2', 'b app1', 'a', 'a app1'],
    );
  });

  test('the selection moves, stops at both ends, and the window follows it', () => {
    const rows = rowsOf(TWO, INITIAL);
    const first = selectedAt(INITIAL, rows, 0, 2);
    assert.equal(press(first, 'up').selected, 'a');
    assert.equal(press(first, 'down', 'down').selected, 'b');
    assert.equal(press(first, 'end', 'down').selected, 'b app2');
    const narrow = ['down', 'down', 'down'].reduce((state, name) => onKey(state, { name }, rows, 2).state, first);
    assert.deepEqual([narrow.selected, narrow.top], ['b app1', 2]);
  });

  test('a reload is done, a restart and a kill are asked for first', () => {
    const at = (key: string) => ({ ...INITIAL, selected: key });
    const keyOn = (state: TopState, name: string) => onKey(state, { name }, rowsOf(TWO, state), 10);
    assert.deepEqual(keyOn(at('b'), 'l').action, { verb: 'reload', instance: 'b' });
    const asked = keyOn(at('b app2'), 'x');
    assert.equal(asked.action, undefined);
    assert.match(asked.state.message, /kill process 102 of b\? y\/n/);
    assert.deepEqual(keyOn(asked.state, 'y').action, { verb: 'kill', instance: 'b', worker: '102' });
    assert.equal(keyOn(asked.state, 'n').action, undefined);
    assert.equal(keyOn(keyOn(at('b'), 'r').state, 'y').action?.verb, 'restart');
  });

  test('the row of a service means that service, not all of its supervisor', () => {
    const [first] = TWO;
    const { status } = first ?? assert.fail();
    const services = status?.workers.map((worker, index) => ({ ...worker, service: `s${index}` })) ?? [];
    const seen = [{ ...(first as Seen), name: 'sup', status: { ...(status as NonNullable<typeof status>), workers: services } }];
    const rows = rowsOf(seen, INITIAL);
    const asked = onKey({ ...INITIAL, selected: rows[1]?.key }, { name: 't' }, rows, 10);
    assert.match(asked.state.message, /stop sup\/s0\? y\/n/);
    assert.deepEqual(onKey(asked.state, { name: 'y' }, rows, 10).action, { verb: 'stop', instance: 'sup/s0', worker: undefined });
  });

  test('q and Ctrl-C end it', () => {
    assert.ok(onKey(INITIAL, { name: 'q' }, [], 5).isOver);
    assert.ok(onKey(INITIAL, { name: 'c', ctrl: true }, [], 5).isOver);
  });

  test('the screen has as many lines as the terminal, none longer than it is wide', () => {
    for (const screen of [
      { columns: 80, rows: 24 },
      { columns: 20, rows: 6 },
      { columns: 200, rows: 5 },
    ]) {
      const lines = screenOf(TWO, INITIAL, screen, 'now');
      assert.equal(lines.length, screen.rows);
      assert.ok(lines.every(line => [...line].length <= screen.columns));
    }
    assert.equal(heightOf({ columns: 80, rows: 2 }), 1);
    assert.ok(screenOf([], INITIAL, { columns: 80, rows: 10 }, 'now').includes('Nothing is running.'));
  });

  test('an instance that does not answer is shown as such', () => {
    const dead = { name: 'dead', pid: 1, address: '', status: undefined };
    assert.ok(screenOf([dead], INITIAL, { columns: 120, rows: 10 }, 'now').some(line => /dead .* unreachable/.test(line)));
  });
});
