// The limits of a worker in numbers.

import type { WearLimits } from '../lifecycle/wear.js';
import { sizeBytes } from '../protocol/options.js';
import { allowedMemory } from '../system/memory-limit.js';
import type { Upkeep } from './settings.js';

/** Undefined: workers live as long as they like. @param allowed how much memory there is for all of this */
export function wearLimits({ maxMemory, maxRequests, maxAgeMs }: Upkeep, allowed: () => number = allowedMemory): WearLimits | undefined {
  if (maxMemory === undefined && maxRequests === undefined && maxAgeMs === undefined) return undefined;
  return { memoryBytes: maxMemory === undefined ? undefined : memoryBytes(maxMemory, allowed), requests: maxRequests, ageMs: maxAgeMs };
}

/** `80%` is of what the cgroup allows, else of what the machine has. */
function memoryBytes(text: string, allowed: () => number): number {
  return text.endsWith('%') ? Math.floor((allowed() * Number(text.slice(0, -1))) / 100) : sizeBytes(text);
}

/** What is wrong with it, in words. */
export function wrongMemoryLimit(text: string): string | undefined {
  if (Number(/^([\d.]+)/.exec(text)?.[1]) === 0) return `${text} is nothing: no worker could live on it`;
  return text.endsWith('%') && Number(text.slice(0, -1)) > 100 ? `${text} is more than there is: give at most 100%, or a size, as 512M` : undefined;
}
