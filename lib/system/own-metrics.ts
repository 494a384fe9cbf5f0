// The metrics of the application itself: what its prom-client registry holds, if it uses prom-client.
//
// Found among the modules the application has loaded, by their file names: it needs no change, and every copy of prom-client that
// is in use is heard.

import { createRequire } from 'node:module';
import { afterUnref } from './clock.js';

interface Registry {
  getMetricsAsJSON(): Promise<unknown[]> | unknown[];
}

const LIMIT_MS = 2_000;

/** Empty when there are none. Never rejects. */
export async function ownMetrics(): Promise<readonly unknown[]> {
  const all = await Promise.all(registries().map(readWithin));
  return all.flat();
}

function registries(): Registry[] {
  const { cache } = createRequire(import.meta.url);
  const files = Object.keys(cache).filter(file => /[\\/]prom-client[\\/]index\.js$/.test(file));
  return files.flatMap(file => {
    const { register } = (cache[file]?.exports ?? {}) as { register?: Registry };
    return typeof register?.getMetricsAsJSON === 'function' ? [register] : [];
  });
}

/** A collect() of the user's own may throw, or never end. */
async function readWithin(registry: Registry): Promise<unknown[]> {
  try {
    const late = new Promise<unknown[]>(resolve => {
      afterUnref(LIMIT_MS, () => resolve([]));
    });
    return await Promise.race([registry.getMetricsAsJSON(), late]);
  } catch {
    return [];
  }
}
