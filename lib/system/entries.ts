// Where the entry files of the processes are, in the built package.

import { fileURLToPath } from 'node:url';

const room = (path: string) => new URL(`../${path}`, import.meta.url);

/** For node's --import: a URL. */
export const PRELOAD_URL = room('worker/preload.js').href;
export const APP_WORKER_FILE = fileURLToPath(room('worker/app-main.js'));
export const AGENT_WORKER_FILE = fileURLToPath(room('worker/agent-main.js'));
/** The command's file, for those who start a master as a process of its own. */
export const COMMAND_FILE = fileURLToPath(new URL('../../../bin/app-cluster.js', import.meta.url));
