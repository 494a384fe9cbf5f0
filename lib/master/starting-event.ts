// What there is to say before anything is forked.

import type { EventOf } from '../protocol/events.js';
import { nodeVersion, ownPid } from '../system/environment.js';
import type { Settings } from './settings.js';
import { withoutSecrets } from './visible-options.js';

export function startingEvent({ program, isProduction, serverEnv, nodeEnv, workers, options }: Settings): EventOf<'cluster-starting'> {
  const environment = { isProduction, serverEnv, nodeEnv, nodeVersion: nodeVersion() };
  const { name, version } = program;
  return { type: 'cluster-starting', pid: ownPid(), program: { name, version }, options: withoutSecrets(options), environment, workers };
}
