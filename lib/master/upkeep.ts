// When and how workers are replaced: options → settings. Pure.

import { type ClusterOptions, durationMs } from '../protocol/options.js';
import type { Upkeep } from './settings.js';

const HANG_MS = 60_000;
const PROBATION_MS = 500;
const UPGRADE_MS = 60_000;

/** @param isDebug one that stands at a breakpoint does not hang */
export function upkeepOf(options: ClusterOptions, isDebug: boolean): Upkeep {
  const hangMs = isDebug ? 0 : ms(options.hangAfter, HANG_MS);
  return {
    surge: Number(options.surge ?? 1),
    probationMs: ms(options.probation, PROBATION_MS),
    readyPath: options.readyPath,
    hangMs: hangMs === 0 ? undefined : hangMs,
    hasWatchdog: hangMs !== 0 && (options.watchdog ?? true),
    maxMemory: options.maxMemory,
    maxRequests: options.maxRequests === undefined ? undefined : Number(options.maxRequests),
    maxAgeMs: options.maxAge === undefined ? undefined : durationMs(options.maxAge),
    spares: Number(options.spares ?? 0),
    lameDuckMs: ms(options.lameDuck, 0),
    isQuitFast: options.quit === 'fast',
    upgradeMs: ms(options.upgradeTimeout, UPGRADE_MS),
  };
}

const ms = (text: string | undefined, otherwise: number) => (text === undefined ? otherwise : durationMs(text));
