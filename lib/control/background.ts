// `--daemon`: starts a process in the background, and says how that went. Returns when it is ready, or has failed.

import { type DaemonResult, startDaemon } from '../system/daemon.js';
import { print, printError } from '../system/last-resort.js';
import { stateRoot } from '../system/private-folder.js';

/** Shown when a start fails. */
const LAST_LINES = 40;
/** Somebody stopped it before it was ready. */
const STOPPED = 1;
/** It is up, and something that was wanted is not. */
const SOME_FAILED = 1;
/** What a shell says of a process that was killed. */
const SIGNALLED = 128;

/** @param argv without `--daemon` and `--json` */
export async function startInBackground(command: 'start' | 'run' | 'up', argv: readonly string[], isJson: boolean): Promise<number> {
  const result = await startDaemon(command, argv, stateRoot());
  if (!('address' in result)) return sayFailed(result);
  const { pid, name, address, tookMs, warning, failures } = result;
  if (warning !== undefined) printError(`app-cluster: ${name} runs, but: ${warning}`);
  const where = address === undefined ? '' : ` on ${address}`;
  for (const failure of failures) printError(`app-cluster: ${failure}`);
  if (isJson) print(JSON.stringify({ pid, name, address, tookMs: Math.round(tookMs), ...(failures.length > 0 ? { failures } : {}) }, undefined, 2));
  else print([`${name} started${where} in ${Math.round(tookMs)} ms (pid ${pid})`, hint(name, command === 'up' ? 'down' : 'stop')].join('\n'));
  return failures.length > 0 ? SOME_FAILED : 0;
}

const hint = (name: string, end: string) => `  ${['status', 'logs', end].map(verb => `app-cluster ${verb} ${quoted(name)}`).join('    ')}`;

/** For a shell. */
const quoted = (name: string) => (/^[\w@%+=:,./-]+$/.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`);

function sayFailed({ code, signal, lines }: Extract<DaemonResult, { lines: readonly string[] }>): number {
  for (const line of lines.slice(-LAST_LINES)) printError(line);
  printError(`app-cluster: the start failed (${signal ?? `exit code ${code}`}); above are its last lines.`);
  return code === null ? SIGNALLED : code === 0 ? STOPPED : code;
}
