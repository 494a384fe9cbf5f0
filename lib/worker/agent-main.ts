// Main module of the agent worker under a framework.

import { workerLogger } from '../observe/logger.js';
import { sendUserMessage } from '../system/uplink.js';
import { closeThenExit, type FrameworkInstance, loadFramework, readOptions } from './framework.js';

const logger = workerLogger('agent');

function fail(error: unknown, what = 'start error'): void {
  if (error !== undefined) logger.error(error);
  logger.error(`[agent_worker] ${what}, exiting with code:1`);
  void closeThenExit(1, logger);
}

function attend(agent: FrameworkInstance): void {
  const onError = (error: unknown) => fail(error);
  agent.once?.('error', onError);
  agent.once?.('startTimeout', () => fail(undefined, 'start timeout'));
  agent.ready(error => {
    if (error) return; // The same error arrives as 'error', or the start limit is reached.
    agent.removeListener?.('error', onError);
    sendUserMessage({ action: 'agent-start', to: 'master' });
  });
}

async function main(): Promise<void> {
  await loadFramework('Agent', await readOptions(), attend);
}

main().catch((error: unknown) => fail(error));
