// PM2's names: which spellings mean the same key, and what is to be said of the keys that are no option here.

import { textOf } from './pm2-values.js';

/** One app of an ecosystem file: canonical keys, only those that have a value. */
export type Pm2Keys = ReadonlyMap<string, unknown>;

/** As PM2's documentation and its schema have them; the first is the name used here. */
const SPELLINGS: readonly (readonly string[])[] = [
  ['script', 'exec'],
  ['node_args', 'interpreter_args'],
  ['interpreter', 'exec_interpreter'],
  ['out_file', 'output', 'out', 'out_log'],
  ['error_file', 'error', 'err', 'err_file', 'err_log'],
  ['log_file', 'log'],
  ['merge_logs', 'combine_logs'],
  ['pid_file', 'pid'],
  ['cron_restart', 'cron'],
  ['uid', 'user'],
  ['gid', 'group'],
];
const CANONICAL: ReadonlyMap<string, string> = new Map(SPELLINGS.flatMap(([name = '', ...others]) => others.map(other => [other, name])));

/** PM2 takes camel case too. Names of env_… are the user's own, and stay. */
export function canonicalKey(key: string): string {
  const snake = key.startsWith('env') ? key : key.replace(/(?<=[a-z])[A-Z]/g, letter => `_${letter.toLowerCase()}`);
  return CANONICAL.get(snake) ?? snake;
}

const LOGS = 'output is recorded and rotated by itself: app-cluster logs shows it, --log-dir says where';
const WATCH = 'files are not watched: app-cluster reload replaces the workers, or run the program with node --watch while developing';
const POLICY =
  'the restart policy is built in: at once after a stable life, otherwise after 100 ms, 200 ms … up to 30 s, and a worker is never given up; exit code 78 says "do not start me again"';

const REMARKS: ReadonlyMap<string, string> = new Map([
  ...['out_file', 'error_file', 'log_file', 'log_date_format', 'log_type', 'merge_logs', 'disable_logs', 'time'].map(key => [key, LOGS] as const),
  ...['watch', 'ignore_watch', 'watch_options', 'watch_delay'].map(key => [key, WATCH] as const),
  ['cron_restart', 'nothing restarts by the clock: let cron or a systemd timer run app-cluster reload, which loses no request'],
  ['autorestart', 'a worker that ends is replaced (in production); let it exit with code 78 if it is not to be started again'],
  ...['max_restarts', 'min_uptime', 'restart_delay', 'exp_backoff_restart_delay', 'stop_exit_codes'].map(key => [key, POLICY] as const),
  ['increment_var', 'all workers have the same environment: add APP_CLUSTER_WORKER_INDEX (0, 1, 2 …) to the value in the program'],
  ['instance_var', "a worker's index is in APP_CLUSTER_WORKER_INDEX: read that instead"],
]);

/** What is to be said of a key that no rule translates; undefined when it asks for what happens anyway. */
export function remarkOn(key: string, value: unknown): string | undefined {
  const remark = REMARKS.get(key);
  if (remark === undefined) return `${key}: is not known here and left out`;
  const isNothing = key === 'autorestart' ? value === true : value === false || (key === 'cron_restart' && textOf(value) === '0');
  return isNothing ? undefined : `${key}: ${remark}`;
}
