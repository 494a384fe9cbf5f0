// A cluster whose registry, sockets and logs are in a folder of the test's own.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type SpawnedCluster, type SpawnOptions, spawnCluster } from '../../lib/testing.js';
import { runCommand } from './command.js';
import { emptyFolder } from './fixtures.js';

export interface Home extends Disposable {
  readonly path: string;
  readonly env: Record<string, string>;
  readonly socket: (name: string) => string;
  readonly log: (name: string) => string;
  /** app-cluster with these words. */
  run(...args: string[]): ReturnType<typeof runCommand>;
  start(entry: string, options?: SpawnOptions): Promise<SpawnedCluster>;
}

/** It comes with the first line. */
function readOrNothing(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

/** @param isRecorded output goes through a logger, as it does outside of tests */
export function home(isRecorded = false): Home {
  const folder = emptyFolder();
  const env = { APP_CLUSTER_HOME: folder.path, APP_CLUSTER_LOG_FILES: String(isRecorded), NO_COLOR: '1' };
  return {
    path: folder.path,
    env,
    socket: name => join(folder.path, 'run', `${name}.sock`),
    log: name => readOrNothing(join(folder.path, 'state', name, 'log', 'current.log')),
    run: (...args) => runCommand(args, { env }),
    start: (entry, options = {}) => spawnCluster(entry, { ...options, args: ['--name', 'web', ...(options.args ?? [])], env: { ...env, ...options.env } }),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}
