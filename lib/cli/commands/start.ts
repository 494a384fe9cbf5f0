// app-cluster start --daemon: starts a master in the background, and returns when it is ready, or has failed. A start in the foreground is
// the master's own main, and never comes here.

import { startDaemon } from '../../system/daemon.js';
import { printError } from '../../system/last-resort.js';
import { stateRoot } from '../../system/private-folder.js';
import { duration } from '../render/units.js';
import { sayJson, sayLines } from '../say.js';

/** Shown when a start fails. */
const LAST_LINES = 40;
/** What a shell says of a process that was killed. */
const SIGNALLED = 128;

/** Its own flags go to the master; what follows -- is the program's. */
export async function startInBackground(argv: readonly string[]): Promise<number> {
  const dashes = argv.indexOf('--');
  const own = dashes < 0 ? argv : argv.slice(0, dashes);
  const isJson = own.includes('--json');
  const flags = own.filter(option => !['-d', '--daemon', '--json'].includes(option));
  const result = await startDaemon([...flags, ...(dashes < 0 ? [] : argv.slice(dashes))], stateRoot());
  if ('address' in result) {
    const { pid, name, address, tookMs, logs } = result;
    if (isJson) sayJson({ pid, name, address, tookMs });
    else
      sayLines([
        `${name} started on ${address} in ${duration(tookMs)} (pid ${pid})`,
        `  app-cluster status ${name}    app-cluster logs ${name}    app-cluster stop ${name}`,
        ...(logs === undefined ? [] : [`  ${logs}`]),
      ]);
    return 0;
  }
  for (const line of result.lines.slice(-LAST_LINES)) printError(line);
  printError(`app-cluster: the start failed (${result.signal ?? `exit code ${result.code}`}); above are its last lines.`);
  return result.code ?? SIGNALLED;
}
