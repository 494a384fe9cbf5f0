// What `top` shows and which row is selected; what a key changes. Pure.

import type { InstanceStatus, WorkerStatus } from '../../protocol/snapshot.js';
import type { Key } from '../../system/terminal.js';

export const SORTS = ['name', 'cpu', 'memory', 'req/s', 'restarts'] as const;
export type Sort = (typeof SORTS)[number];

export interface Seen {
  readonly name: string;
  readonly pid: number;
  readonly address: string;
  /** Undefined: it does not answer. */
  readonly status: InstanceStatus | undefined;
}

export interface Row {
  /** Stays the same from one look to the next, so that the selection stays on it. */
  readonly key: string;
  readonly instance: Seen;
  readonly worker?: WorkerStatus;
}

export interface TopState {
  readonly sort: Sort;
  readonly isFolded: boolean;
  readonly selected: string | undefined;
  /** First row that is shown. */
  readonly top: number;
  readonly message: string;
  /** An action that waits for `y`. */
  readonly asked?: Action | undefined;
}

export interface Action {
  readonly verb: 'reload' | 'restart' | 'kill' | 'stop';
  readonly instance: string;
  readonly worker?: string | undefined;
}

export interface Reaction {
  readonly state: TopState;
  readonly action?: Action;
  readonly isOver?: boolean;
}

export const INITIAL: TopState = { sort: 'name', isFolded: false, selected: undefined, top: 0, message: '' };

export function rowsOf(seen: readonly Seen[], { sort, isFolded }: Pick<TopState, 'sort' | 'isFolded'>): readonly Row[] {
  const instances = seen.toSorted((a, b) => byValue(totalOf(b, sort), totalOf(a, sort)) || (a.name < b.name ? -1 : 1));
  return instances.flatMap(instance => {
    const { agent, workers = [] } = instance.status ?? {};
    const sorted = workers.toSorted((a, b) => byValue(workerValue(b, sort), workerValue(a, sort)) || a.slot - b.slot || a.id - b.id);
    const children = [...(agent ? [agent] : []), ...sorted].map(worker => ({
      key: `${instance.name} ${worker.service ?? worker.role}${worker.id}`,
      instance,
      worker,
    }));
    return [{ key: instance.name, instance }, ...(isFolded ? [] : children)];
  });
}

const byValue = (a: number, b: number) => a - b;

function workerValue(worker: WorkerStatus, sort: Sort): number {
  if (sort === 'cpu') return worker.cpuPercent ?? 0;
  if (sort === 'memory') return worker.rssBytes ?? 0;
  if (sort === 'req/s') return worker.requestsPerSecond ?? 0;
  return sort === 'restarts' ? worker.restarts : 0;
}

export function totalOf({ status }: Seen, sort: Sort): number {
  return sum(status, worker => workerValue(worker, sort));
}

export function sum(status: InstanceStatus | undefined, of: (worker: WorkerStatus) => number | undefined): number {
  const workers = [...(status?.agent ? [status.agent] : []), ...(status?.workers ?? [])];
  return workers.reduce((total, worker) => total + (of(worker) ?? 0), 0);
}

/** @param height rows that fit on the screen */
export function onKey(state: TopState, key: Key, rows: readonly Row[], height: number): Reaction {
  if (key.name === 'q' || (key.ctrl && (key.name === 'c' || key.name === 'd'))) return { state, isOver: true };
  if (state.asked !== undefined) return answered(state, state.asked, key);
  const index = Math.max(
    0,
    rows.findIndex(row => row.key === state.selected),
  );
  const move = MOVES[key.name ?? '']?.(height);
  if (move !== undefined) return { state: selectedAt(state, rows, Math.min(rows.length - 1, Math.max(0, index + move)), height) };
  if (key.name === 's') return { state: { ...state, sort: SORTS[(SORTS.indexOf(state.sort) + 1) % SORTS.length] ?? 'name' } };
  if (key.name === 'f') return { state: { ...state, isFolded: !state.isFolded, top: 0 } };
  return asked(state, key, rows[index]);
}

const MOVES: Readonly<Record<string, (height: number) => number>> = {
  down: () => 1,
  j: () => 1,
  up: () => -1,
  k: () => -1,
  pagedown: height => height,
  pageup: height => -height,
  home: () => Number.NEGATIVE_INFINITY,
  end: () => Number.POSITIVE_INFINITY,
};

const VERBS: Readonly<Record<string, Action['verb']>> = { l: 'reload', r: 'restart', x: 'kill', t: 'stop' };

function asked(state: TopState, key: Key, row: Row | undefined): Reaction {
  const verb = VERBS[key.name ?? ''];
  if (verb === undefined || row === undefined) return { state: { ...state, message: '' } };
  const service = row.worker?.service;
  const instance = service !== undefined && verb !== 'kill' ? `${row.instance.name}/${service}` : row.instance.name; // A service's own row means it alone.
  if (verb === 'reload') return { state: { ...state, message: `reloading ${instance} …` }, action: { verb, instance } };
  if (verb === 'kill' && row.worker === undefined) return { state: { ...state, message: 'kill: select a worker' } };
  const worker = verb === 'kill' && row.worker ? String(row.worker.pid) : undefined;
  const what = worker === undefined ? instance : `process ${worker} of ${instance}`;
  return { state: { ...state, asked: { verb, instance, worker }, message: `${verb} ${what}? y/n` } };
}

function answered(state: TopState, action: Action, key: Key): Reaction {
  const done = { ...state, asked: undefined };
  return key.name === 'y' ? { state: { ...done, message: `${action.verb} ${action.instance} …` }, action } : { state: { ...done, message: '' } };
}

/** The window follows the selection. */
export function selectedAt(state: TopState, rows: readonly Row[], index: number, height: number): TopState {
  const top = Math.max(0, Math.min(state.top, index, rows.length - 1), index - height + 1);
  return { ...state, selected: rows[index]?.key, top, message: '' };
}
