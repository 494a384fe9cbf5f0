// Runs the whole suite on every Node line we support.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { LINES, nodeOf } from './node-binary.mjs';

const lines = process.argv.length > 2 ? process.argv.slice(2) : LINES;
const run = fileURLToPath(new URL('./run.mjs', import.meta.url));
const failed = [];
for (const line of lines) {
  const { binary, version, path } = nodeOf(line);
  console.log(`\n=== node ${version} ===`);
  const { status } = spawnSync(binary, [run], { stdio: 'inherit', env: { ...process.env, PATH: path } });
  if (status !== 0) failed.push(version);
}
console.log(failed.length === 0 ? `\nall passed: ${lines.join(', ')}` : `\nfailed on ${failed.join(', ')}`);
process.exit(failed.length === 0 ? 0 : 1);
