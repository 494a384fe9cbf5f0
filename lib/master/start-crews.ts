// The first start: the agent, then the apps, whose processes boot beside it.

import type { Workforce } from './workforce.js';

export interface StartNeeds {
  readonly workers: number;
  /** Resolves when an agent may be started. */
  readonly beforeAgent: (() => Promise<void>) | undefined;
  /** Throws when it is not wanted any more. */
  readonly refuse: () => void;
}

export async function startCrews(workforce: Workforce, { workers, beforeAgent, refuse }: StartNeeds): Promise<void> {
  const { agents, apps, agentLost } = workforce;
  const startAgent = async () => {
    await beforeAgent?.();
    refuse();
    await agents?.group.resize(1);
  };
  const agentStarted = agents === undefined ? undefined : beforeAgent === undefined ? agents.group.resize(1) : startAgent();
  workforce.prepareApps();
  await agentStarted;
  refuse();
  await Promise.race([apps.group.resize(workers), agentLost]);
}
