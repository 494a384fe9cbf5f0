// Where the entry files of the processes are, in the built package.

import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Found by the package's own name, wherever this code ended up in the build. */
const PACKAGE = dirname(createRequire(import.meta.url).resolve('app-cluster/package.json'));
const built = (path: string) => join(PACKAGE, 'dist', 'lib', path);

/** Loaded by the master while the agent boots. */
export const CLUSTER_FORKER_FILE = built('system/cluster-forker.cjs');
/** For node's --require. */
export const PRELOAD_FILE = built('worker/preload.cjs');
/** The same for --import: a URL. */
export const PRELOAD_URL = pathToFileURL(built('worker/preload.js')).href;
/** What both load. */
export const START_FILE = built('worker/start.cjs');
export const APP_WORKER_FILE = built('worker/app-main.cjs');
export const AGENT_WORKER_FILE = built('worker/agent-main.cjs');
/** The command's file, for those who start a master as a process of its own. */
export const COMMAND_FILE = join(PACKAGE, 'bin', 'app-cluster.js');
