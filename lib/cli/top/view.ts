// The screen of `top` as lines. Pure but for colours.

import { styled } from '../../system/terminal.js';
import { WORKER_COLUMNS } from '../render/status.js';
import { colouredStatus } from '../render/status-colour.js';
import { type Column, cut, table, widthOf } from '../render/table.js';
import { bytes, duration, number, percent } from '../render/units.js';
import { type Row, rowsOf, type Seen, sum, type TopState } from './state.js';

export interface Screen {
  readonly columns: number;
  readonly rows: number;
}

/** Head, titles, keys, message. */
const OTHER_LINES = 4;
const KEYS = '↑↓ select  s sort  f fold  l reload  r restart  x kill worker  t stop  q quit';

export const heightOf = ({ rows }: Screen): number => Math.max(1, rows - OTHER_LINES);

const shown = (title: string) => WORKER_COLUMNS.find(column => column.title === title)?.of ?? (() => '');

const ofWorker = (title: string, ofInstance: (instance: Seen) => string) => (row: Row) =>
  row.worker === undefined ? ofInstance(row.instance) : shown(title)(row.worker);

const COLUMNS: readonly Column<Row>[] = [
  { title: 'name', of: row => (row.worker === undefined ? styled('bold', row.instance.name) : `  ${shown('worker')(row.worker)}`) },
  { title: 'pid', of: ({ worker, instance }) => String(worker?.pid ?? instance.pid), isNumber: true },
  { title: 'status', of: ofWorker('status', ({ status }) => colouredStatus(status?.status ?? 'unreachable')) },
  { title: 'age', of: ofWorker('age', ({ status }) => duration(status?.uptimeMs)), isNumber: true },
  { title: 'restarts', of: ofWorker('restarts', ({ status }) => String(sum(status, ({ restarts }) => restarts))), isNumber: true },
  { title: 'memory', of: ofWorker('memory', ({ status }) => bytes(sum(status, ({ rssBytes }) => rssBytes) + (status?.master.rssBytes ?? 0))), isNumber: true },
  {
    title: 'cpu',
    of: ofWorker('cpu', ({ status }) => percent(sum(status, ({ cpuPercent }) => cpuPercent) + (status?.master.cpuPercent ?? 0))),
    isNumber: true,
  },
  { title: 'loop', of: ofWorker('loop', () => ''), isNumber: true },
  { title: 'delay', of: ofWorker('delay', () => ''), isNumber: true },
  { title: 'conns', of: ofWorker('conns', ({ status }) => number(sum(status, ({ vitals }) => vitals?.connections))), isNumber: true },
  { title: 'req/s', of: ofWorker('req/s', ({ status }) => number(Math.round(sum(status, row => row.requestsPerSecond)))), isNumber: true },
  { title: 'in flight', of: ofWorker('in flight', ({ status }) => number(sum(status, ({ vitals }) => vitals?.inFlight))), isNumber: true },
  { title: 'lost', of: ({ worker, instance: { status } }) => (worker === undefined && status?.losses ? String(status.losses.cut) : ''), isNumber: true },
  { title: 'address', of: row => (row.worker === undefined ? row.instance.address : '') },
];

/** Exactly as many lines as the screen has. */
export function screenOf(seen: readonly Seen[], state: TopState, screen: Screen, clockText: string): string[] {
  const rows = rowsOf(seen, state);
  const height = heightOf(screen);
  const top = Math.min(state.top, Math.max(0, rows.length - height));
  const [titles = '', ...lines] = table(rows, COLUMNS, screen.columns);
  const body = lines.slice(top, top + height).map((line, index) => (rows[top + index]?.key === state.selected ? inverse(line, screen.columns) : line));
  const workers = seen.reduce((count, { status }) => count + (status?.workers.length ?? 0), 0);
  const range = rows.length > height ? `  rows ${top + 1}–${Math.min(rows.length, top + height)} of ${rows.length}` : '';
  const head = `app-cluster top  ${clockText}  ${plural(seen.length, 'instance')}, ${plural(workers, 'worker')}, by ${state.sort}${range}`;
  const empty = seen.length === 0 ? ['Nothing is running.'] : [];
  const filled = [...empty, ...body, ...Array.from<string>({ length: height }).fill('')].slice(0, height);
  return [cut(head, screen.columns), titles, ...filled, cut(state.message, screen.columns), styled('gray', cut(KEYS, screen.columns))].slice(0, screen.rows);
}

const plural = (count: number, word: string) => `${count} ${word}${count === 1 ? '' : 's'}`;

/** Styles inside would end the inversion. */
function inverse(line: string, width: number): string {
  const plain = stripped(line);
  return styled('inverse', plain + ' '.repeat(Math.max(0, width - widthOf(plain))));
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
const stripped = (line: string) => line.replaceAll(/\x1b\[[\d;]*m/g, '');
