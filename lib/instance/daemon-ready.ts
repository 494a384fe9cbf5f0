// To whoever started this process in the background: it is ready, and its lines are in the log.

import { stateFolder } from '../control/registry.js';
import { isDaemon } from '../system/environment.js';
import { parentLine } from '../system/parent-line.js';
import type { Instance } from './instance.js';

/** @param failures what was wanted and did not start */
export async function tellDaemonReady({ recording, name, warning }: Instance, address?: string, failures: readonly string[] = []): Promise<void> {
  if (!isDaemon()) return;
  await recording?.caughtUp();
  parentLine().send({ action: 'daemon-ready', data: { warning, address, name, state: stateFolder(name), failures } });
}
