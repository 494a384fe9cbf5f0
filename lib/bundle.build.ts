// Build step: makes one file of each entry, over tsc's output. A process then loads two or three modules instead of forty.
// Doors and the master's entries are ES modules. What runs in a worker before user code is CommonJS: waking the loader of ES modules
// costs every start 20 ms (bench/startup). Packages stay packages.

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Plugin } from 'esbuild';

const LIB = fileURLToPath(new URL('.', import.meta.url));
const ES_MODULES = ['worker', 'testing', 'worker/preload', 'master/main', 'supervisor/run/main', 'supervisor/up-main', 'supervisor', 'cli/main'];
const COMMON_JS = [
  'index',
  'protocol/options.schema',
  'protocol/services.schema',
  'system/cluster-forker',
  'system/thread-forker',
  'system/copy-socket',
  'logger/main',
  'keeper/main',
  'system/block-output',
  'control/app',
  'worker/preload',
  'worker/start',
  'worker/watchdog-main',
  'worker/app-main',
  'worker/agent-main',
];

/** Loaded by masters that wait for an answer to give: in one file hono takes a third of the time. */
const BUNDLED = ['control/app'];

const COMMON: BuildOptions = {
  allowOverwrite: true,
  bundle: true,
  platform: 'node',
  target: 'node20',
  packages: 'external',
  sourcemap: true,
  logLevel: 'warning',
};

/** A bundler would pull in what is imported on demand, and with it packages like zod at every start. Generated code is dense already. */
const onDemandStaysOutside = (entry: string, isWanted = true): Plugin => ({
  name: 'on-demand-stays-outside',
  setup: ({ onResolve }) => {
    onResolve({ filter: /^\./ }, ({ kind, resolveDir, path }) => {
      if (!isWanted || (kind !== 'dynamic-import' && !path.endsWith('.generated.js'))) return undefined;
      const target = relative(dirname(entry), resolve(resolveDir, path));
      return { path: target.startsWith('.') ? target : `./${target}`, external: true };
    });
  },
});

/** CommonJS first: the ES modules overwrite what both are made of. */
for (const name of COMMON_JS) {
  await build({
    ...COMMON,
    entryPoints: [resolve(LIB, `${name}.js`)],
    outfile: resolve(LIB, `${name}.cjs`),
    format: 'cjs',
    ...(BUNDLED.includes(name) ? { packages: 'bundle' } : {}),
    plugins: [onDemandStaysOutside(resolve(LIB, `${name}.js`), name === 'index')],
    define: { 'import.meta.url': 'importMetaUrl' },
    banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
  });
}
// One copy for those who import and those who require.
const PUBLIC = ['ClusterAgentWorkerError', 'ClusterError', 'ClusterWorkerExceptionError', 'Client', 'Master', 'connect', 'startCluster'];
writeFileSync(resolve(LIB, 'index.js'), `export { ${PUBLIC.join(', ')} } from './index.cjs';\n`);
// Where egg 4's tools look for the workers of @eggjs/cluster.
for (const [folder, load] of [
  ['commonjs', 'require'],
  ['esm', 'import'],
] as const) {
  mkdirSync(resolve(LIB, '..', folder), { recursive: true });
  writeFileSync(resolve(LIB, '..', folder, 'package.json'), `{ "type": "${load === 'require' ? 'commonjs' : 'module'}" }\n`);
  for (const role of ['app', 'agent']) {
    const file = `'../lib/worker/${role}-main.cjs'`;
    writeFileSync(resolve(LIB, '..', folder, `${role}_worker.js`), load === 'require' ? `require(${file});\n` : `import ${file};\n`);
  }
}

for (const name of ES_MODULES) {
  const entry = resolve(LIB, `${name}.js`);
  await build({ ...COMMON, entryPoints: [entry], outfile: entry, format: 'esm', plugins: [onDemandStaysOutside(entry)] });
}
