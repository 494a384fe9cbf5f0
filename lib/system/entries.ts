// Where the entry files of the processes are, in the built package.

import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { installedPackage, realPath } from './project-files.js';
import { requirePackage } from './require-package.js';

/** Found by the package's own name, wherever this code ended up in the build. */
const PACKAGE = dirname(createRequire(import.meta.url).resolve('app-cluster/package.json'));
const built = (path: string) => join(PACKAGE, 'dist', 'lib', path);

export function packageVersion(): string {
  return requirePackage<{ version: string }>(join(PACKAGE, 'package.json')).version;
}

/** Loaded by the master while the agent boots. */
export const CLUSTER_FORKER_FILE = built('system/cluster-forker.cjs');
/** Loaded for startMode worker_threads only. */
export const THREAD_FORKER_FILE = built('system/thread-forker.cjs');
/** A process of its own, for worker threads. */
export const COPY_SOCKET_FILE = built('system/copy-socket.cjs');
/** Loaded only to explain what is wrong with options. */
export const OPTIONS_SCHEMA_FILE = built('protocol/options.schema.cjs');
/** Loaded only to explain what is wrong with a services file. */
export const SERVICES_SCHEMA_FILE = built('protocol/services.schema.cjs');
/** What `app-cluster start` becomes. */
export const KEEPER_FILE = built('keeper/main.cjs');
/** Entry of the logger's process. */
export const LOGGER_FILE = built('logger/main.cjs');
/** Preloaded into a JavaScript program whose output is recorded. */
export const BLOCK_OUTPUT_FILE = built('system/block-output.cjs');
/** Loaded with the first request to the control server. */
export const CONTROL_APP_FILE = built('control/app.cjs');
/** For node's --require. */
export const PRELOAD_FILE = built('worker/preload.cjs');
/** The same for --import: a URL. */
export const PRELOAD_URL = pathToFileURL(built('worker/preload.js')).href;
/** What both load. */
export const START_FILE = built('worker/start.cjs');
/** A thread of its own in every agent and app worker that is ready. */
export const WATCHDOG_FILE = built('worker/watchdog-main.cjs');
/** Installed as `@eggjs/cluster`: some of its texts differ from those of `egg-cluster`. */
export const isEgg4 = PACKAGE.endsWith(join('@eggjs', 'cluster'));

/** The names under which egg installs a cluster, and where in it egg's tools search the process list for the workers' files. */
const ALIASES: Readonly<Record<string, string>> = { 'egg-cluster': 'lib', '@eggjs/cluster': 'dist/commonjs' };

/**
 * The main module of an agent or app worker under a framework, in the spelling that tools search for, even where the package is
 * a symbolic link (pnpm, npm link): egg-scripts looks for `egg-cluster/lib/app_worker.js` in the process list.
 */
export function workerFile(role: 'agent' | 'app', framework: string): string {
  const file = `${role}_worker.js`;
  const own = realPath(PACKAGE);
  const folders = [framework, installedPackage('egg', framework) ?? framework].map(realPath);
  for (const [name, folder] of Object.entries(ALIASES)) {
    const found = folders.map(seenFrom => installedPackage(name, seenFrom)).find(path => path !== undefined && realPath(path) === own);
    if (found !== undefined) return join(found, folder, file);
  }
  return join(PACKAGE, isEgg4 ? 'dist/commonjs' : 'lib', file);
}
/** The command's file, for those who start a master as a process of its own. */
export const COMMAND_FILE = join(PACKAGE, 'bin', 'app-cluster.js');
