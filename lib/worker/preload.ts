// Preloaded into agent and app workers, before any user code: as CommonJS with --require, which costs a start the least, or
// as an ES module with --import, last of several. Loads nothing in what workers fork.

import { BOOT_VARIABLE, type Boot } from '../protocol/words.js';
import { START_FILE } from '../system/entries.js';
import { exitProcess, parentPid, setArgument, takeVariable } from '../system/environment.js';
import { requirePackage as requireFile } from '../system/require-package.js';
import { isWorkerThread } from '../system/thread-line.js';

/** What graceful-process ends an orphaned agent with. */
const EXIT_ORPHANED = 110;

const text = takeVariable(BOOT_VARIABLE);
if (text !== undefined) {
  const boot = JSON.parse(text) as Boot;
  if (!isWorkerThread && boot.masterPid !== parentPid()) exitProcess(EXIT_ORPHANED); // The master died while we were being born.
  if (boot.argument !== undefined) setArgument(boot.argument);
  const { startWorker } = requireFile<typeof import('./start.js')>(START_FILE);
  startWorker(boot);
}
