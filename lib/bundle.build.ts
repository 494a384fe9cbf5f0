// Build step: makes one file of each entry, over tsc's output. A process then loads two or three modules instead of forty,
// which is a third of its start (bench/startup). What is imported on demand stays a file of its own, packages stay packages.

import { dirname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

const LIB = fileURLToPath(new URL('.', import.meta.url));
const ENTRIES = ['index', 'worker', 'testing', 'worker/preload', 'worker/start', 'worker/app-main', 'worker/agent-main', 'master/main', 'cli/main'];

/** A bundler would pull in what is imported on demand, and with it packages like zod at every start. Generated code is dense already. */
const onDemandStaysOutside = (entry: string): Plugin => ({
  name: 'on-demand-stays-outside',
  setup: ({ onResolve }) => {
    onResolve({ filter: /^\./ }, ({ kind, resolveDir, path }) => {
      if (kind !== 'dynamic-import' && !path.endsWith('.generated.js')) return undefined;
      const target = relative(dirname(entry), resolve(resolveDir, path));
      return { path: target.startsWith('.') ? target : `./${target}`, external: true };
    });
  },
});

for (const name of ENTRIES) {
  const entry = resolve(LIB, `${name}.js`);
  await build({
    entryPoints: [entry],
    outfile: entry,
    allowOverwrite: true,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    sourcemap: true,
    logLevel: 'warning',
    plugins: [onDemandStaysOutside(entry)],
  });
}
