// The main module of this process, as seen from a preload.

import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

/** Runs after the main module has been started: Node begins with it in the same turn in which the preload ends. */
export function onNextTurn(callback: () => Promise<void>): void {
  setImmediate(() => void callback());
}

/** What the main module exports, once it is evaluated. A failure of its own is its own: undefined here. */
export async function evaluatedMain(file: string): Promise<unknown> {
  try {
    const real = realpathSync(file);
    const commonJs = createRequire(import.meta.url).cache[real];
    return defaultOf(commonJs ? commonJs.exports : await import(pathToFileURL(real).href)); // The same instance: Node keeps modules by URL.
  } catch {
    return undefined;
  }
}

/** The default export, also of CommonJS that was compiled from ES modules. */
function defaultOf(exported: unknown): unknown {
  if (typeof exported !== 'object' || exported === null) return exported;
  const { default: inner } = exported as { default?: unknown };
  return inner === undefined ? exported : inner === exported ? exported : defaultOf(inner);
}
