// How the agent, and how the app workers are kept alive. Pure.

import { EXIT_DO_NOT_RESTART } from '../errors.js';
import { AGENT_RESTART, APP_RESTART } from '../lifecycle/restart-policy.js';
import type { Role } from '../protocol/events.js';
import type { Child, Patiences } from '../supervision/child.js';
import type { GroupSpec } from '../supervision/group-needs.js';
import type { Settings } from './settings.js';

const RELOAD_ATTEMPTS = 3;

export function groupSpec(role: Role, { timeouts, isProduction, upkeep }: Settings): GroupSpec {
  const isApp = role === 'app';
  const hang = isApp ? timeouts.app.hang : 0; // Never two agents: the old one is killed at once.
  const drain = isApp ? timeouts.app.drain : timeouts.agent.stop; // An agent that leaves by itself is not waited for without end.
  const patienceMs: Patiences = { ...timeouts[role], drain, silence: upkeep.hangMs, hang };
  return {
    name: role,
    restart: isApp ? APP_RESTART : AGENT_RESTART,
    patienceMs,
    refork: !isApp || isProduction,
    drains: isApp,
    isSole: !isApp,
    exitsForGood: [EXIT_DO_NOT_RESTART],
    reloadAttempts: RELOAD_ATTEMPTS,
    probationMs: isApp ? upkeep.probationMs : 0,
  };
}

/** At a breakpoint: nothing has gone wrong. */
export function isKilledByDebugger({ failed, exit, wasKilled }: Child, { isDebug }: Settings): boolean {
  return isDebug && failed && exit?.signal === 'SIGKILL' && !wasKilled;
}
