// The fault suite in full on every Node line, one case at a time, and one table of what came out. Arguments: lines (24) and parts of file names (upgrades).
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readResults, summaryOf, tableOf } from './faults-table.mjs';
import { LINES, nodeOf } from './node-binary.mjs';

/** Of 512 bytes: no fault fills the disk. */
const MOST_BLOCKS = 2_000_000;
const LONGEST_FILE_MS = 1_800_000;

const root = fileURLToPath(new URL('../../dist/test/faults/', import.meta.url));
const words = process.argv.slice(2);
const lines = words.some(word => LINES.includes(word)) ? words.filter(word => LINES.includes(word)) : LINES;
const parts = words.filter(word => !LINES.includes(word));
const files = readdirSync(root)
  .filter(name => name.endsWith('.test.js') && (parts.length === 0 || parts.some(part => name.includes(part))))
  .map(name => join(root, name));
if (files.length === 0) throw new Error(`no file of the fault suite matches ${parts.join(' ')}`);

const home = mkdtempSync(join(tmpdir(), 'acl-'));
const results = join(home, 'results.ndjson');
appendFileSync(results, '');
let isGood = true;
for (const line of lines) {
  const { binary, version, path } = nodeOf(line);
  console.log(`\n=== node ${version} ===`);
  const command = [binary, '--test', `--test-timeout=${LONGEST_FILE_MS}`, '--test-concurrency=1', '--test-reporter=spec', ...files];
  const env = { ...process.env, PATH: path, FAULTS: 'full', FAULTS_RESULTS: results, APP_CLUSTER_LOG_FILES: 'false', APP_CLUSTER_HOME: home };
  const { status } = spawnSync('sh', ['-c', `ulimit -f ${MOST_BLOCKS}; exec "$@"`, 'sh', ...command], { stdio: 'inherit', env });
  isGood &&= status === 0;
}
const all = readResults(results);
rmSync(home, { recursive: true, force: true });
console.log(`\n${tableOf(all)}\n\n${summaryOf(all)}`);
process.exit(isGood ? 0 : 1);
