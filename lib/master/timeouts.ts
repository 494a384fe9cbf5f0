// How long everything may take, from one stop budget or from egg's variables. Pure.

import { type ClusterOptions, durationMs } from '../protocol/options.js';
import type { Timeouts } from './settings.js';

const START_MS = 60_000;
const STOP_BUDGET_MS = 30_000;
const SIGTERM_MS = 5_000;
const SIGKILL_MS = 2_000;
const LINGER_MS = 1_000;
/** egg-cluster's, for apps and agent each. */
const EGG_CLOSE_MS = 5_000;
/** At least this part of a budget is for draining, however small it is. */
const LEAST_DRAIN_SHARE = 0.5;
/** Where draining and closing share one time, draining gets at most this part. */
const DRAIN_SHARE = 0.6;

export interface TimeoutFacts {
  readonly options: ClusterOptions;
  readonly flavour: 'call' | 'command';
  readonly variable: (name: string) => string | undefined;
}

export function timeoutsOf({ options, flavour, variable }: TimeoutFacts): Timeouts {
  const askedMs = given(options.startTimeoutMs, options.startTimeout);
  const startMs = askedMs ?? START_MS;
  const isStartGiven = askedMs !== undefined;
  const stopMs = given(options.stopTimeoutMs, options.stopTimeout);
  const lingerMs = given(options.lingerMs, options.linger) ?? LINGER_MS;
  const egg = eggTimeouts(variable);
  if (stopMs === undefined && (egg !== undefined || flavour === 'call')) {
    const { appMs, agentMs } = egg ?? { appMs: EGG_CLOSE_MS, agentMs: EGG_CLOSE_MS };
    const app = { start: startMs, hang: startMs, drain: appMs * DRAIN_SHARE, stop: appMs, close: appMs, kill: SIGKILL_MS };
    return { app, agent: { start: startMs, stop: agentMs, kill: SIGKILL_MS }, isStartGiven, lingerMs, budgetMs: appMs + agentMs + 2 * SIGKILL_MS };
  }
  const budgetMs = stopMs ?? STOP_BUDGET_MS;
  const share = Math.min(1, (budgetMs * (1 - LEAST_DRAIN_SHARE)) / (2 * (SIGTERM_MS + SIGKILL_MS))); // Of a small budget everybody gets less.
  const common = { start: startMs, stop: Math.round(SIGTERM_MS * share), kill: SIGKILL_MS };
  const drain = Math.round(budgetMs - 2 * share * (SIGTERM_MS + SIGKILL_MS));
  return { app: { ...common, hang: startMs, drain }, agent: common, isStartGiven, lingerMs, budgetMs };
}

function given(ms: number | undefined, text: string | undefined): number | undefined {
  return ms ?? (text === undefined ? undefined : durationMs(text));
}

/** Undefined unless one of the three variables holds a number of milliseconds. */
function eggTimeouts(variable: TimeoutFacts['variable']): { appMs: number; agentMs: number } | undefined {
  const read = (name: string) => {
    const value = Number(variable(name));
    return variable(name) !== undefined && Number.isFinite(value) && value >= 0 ? value : undefined;
  };
  const both = read('EGG_MASTER_CLOSE_TIMEOUT');
  const [app, agent] = [read('EGG_APP_CLOSE_TIMEOUT') ?? both, read('EGG_AGENT_CLOSE_TIMEOUT') ?? both];
  return app === undefined && agent === undefined ? undefined : { appMs: app ?? EGG_CLOSE_MS, agentMs: agent ?? EGG_CLOSE_MS };
}
