// Runs every test file of the built output (Node 20 takes no globs), and stops a suite that hangs.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../dist/test/', import.meta.url));
const REAL_EGG = 'egg/real-egg'; // Long: `npm run test:egg`. The rest of egg/ is a smoke test of the same.
const wanted = process.argv.slice(2);
const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter(path => path.endsWith('.test.js'))
  .filter(path => (wanted.length === 0 ? !path.startsWith(REAL_EGG) : wanted.some(part => path.includes(part))))
  .map(path => `${root}${path}`)
  .sort();
if (files.some(file => file.includes('/test/egg/')))
  execFileSync(process.execPath, [fileURLToPath(new URL('install-eggs.mjs', import.meta.url))], { stdio: 'inherit' });
if (files.length === 0) throw new Error(`no test file matches ${wanted.join(' ')}`);
// What the clusters under test write about themselves stays out of the home of whoever runs this; their output is recorded where a test asks for it.
const home = mkdtempSync(join(tmpdir(), 'acl-'));
const { status, signal } = spawnSync(
  process.execPath,
  ['--test', `--test-timeout=${files.some(file => file.includes(REAL_EGG)) ? 300_000 : 120_000}`, '--test-concurrency=2', ...files],
  { stdio: 'inherit', env: { APP_CLUSTER_LOG_FILES: 'false', ...process.env, APP_CLUSTER_HOME: home } },
);
rmSync(home, { recursive: true, force: true });
if (signal) console.error(`ended by ${signal}`);
process.exit(status ?? 1);
